/// Writes the completion script of a shell from the commands' specs.
package enum Completions {
    package static func script(for shell: Shell, commands: [CommandSpec]) -> String {
        switch shell {
        case .bash: bash(commands)
        case .zsh: zsh(commands)
        case .fish: fish(commands)
        }
    }

    private static func bash(_ commands: [CommandSpec]) -> String {
        var cases = ""
        for command in commands {
            var words = command.options.map { "--" + $0.name }
            words += command.arguments.flatMap(\.words)
            let files =
                switch command.arguments.last?.candidates {
                case .files: " COMPREPLY=($(compgen -f -- \"$current\"))"
                case .directories: " COMPREPLY=($(compgen -d -- \"$current\"))"
                default: ""
                }
            cases += "        \(command.name)) words='\(words.joined(separator: " "))'\(files) ;;\n"
        }
        var values = ""
        for command in commands {
            for option in command.options where option.placeholder != nil {
                let reply =
                    switch option.candidates {
                    case .nothing: "return"
                    case .files: "COMPREPLY=($(compgen -f -- \"$current\")); return"
                    case .directories: "COMPREPLY=($(compgen -d -- \"$current\")); return"
                    case .words(let words):
                        "COMPREPLY=($(compgen -W '\(words.joined(separator: " "))' -- \"$current\")); return"
                    }
                values += "        '\(command.name) --\(option.name)') \(reply) ;;\n"
            }
        }
        return """
            # Completion of hms-ops for bash: source <(hms-ops completions bash)
            _hms_ops() {
                local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-} words
                COMPREPLY=()
                if [ "$COMP_CWORD" -eq 1 ]; then
                    COMPREPLY=($(compgen -W '\(commands.map(\.name).joined(separator: " ")) --help --version' -- "$current"))
                    return
                fi
                case "$command ${COMP_WORDS[COMP_CWORD-1]}" in
            \(values)    esac
                case "$command" in
            \(cases)        *) return ;;
                esac
                COMPREPLY+=($(compgen -W "$words" -- "$current"))
            }
            complete -F _hms_ops hms-ops

            """
    }

    private static func zsh(_ commands: [CommandSpec]) -> String {
        var cases = ""
        for command in commands {
            var lines: [String] = []
            for option in command.options {
                let start = option.repeats ? "'*" : "'"
                let value = option.placeholder.map { ":\($0.lowercased()):\(zshAction(option.candidates))" } ?? ""
                let equals = option.placeholder == nil ? "" : "="
                lines.append("\(start)--\(option.name)\(equals)[\(zshQuoted(option.help))]\(value)'")
            }
            for (index, argument) in command.arguments.enumerated() {
                let action =
                    argument.words.isEmpty
                    ? zshAction(argument.candidates) : "(\(argument.words.joined(separator: " ")))"
                let place = argument.repeats ? "*" : String(index + 1)
                lines.append("'\(place):\(argument.name.lowercased()):\(action)'")
            }
            let body = lines.map { "                \($0)" }.joined(separator: " \\\n")
            cases += "        \(command.name))\n            _arguments \\\n\(body) ;;\n"
        }
        let names = commands.map { "        '\($0.name):\(zshQuoted($0.summary))'" }.joined(separator: "\n")
        return """
            #compdef hms-ops
            # Completion of hms-ops for zsh: source <(hms-ops completions zsh)
            _hms_ops() {
                local -a commands=(
            \(names)
                )
                if (( CURRENT == 2 )); then
                    _describe command commands
                    return
                fi
                local command=$words[2]
                shift words
                (( CURRENT-- ))
                case $command in
            \(cases)    esac
            }
            compdef _hms_ops hms-ops

            """
    }

    private static func fish(_ commands: [CommandSpec]) -> String {
        var text = """
            # Completion of hms-ops for fish: hms-ops completions fish | source
            complete -c hms-ops -f
            complete -c hms-ops -n __fish_use_subcommand -l help -d 'print this help'
            complete -c hms-ops -n __fish_use_subcommand -l version -d 'print the version'

            """
        for command in commands {
            let name = command.name
            text += "complete -c hms-ops -n __fish_use_subcommand -a \(name) -d '\(fishQuoted(command.summary))'\n"
            let prefix = "complete -c hms-ops -n '__fish_seen_subcommand_from \(name)'"
            for option in command.options {
                var line = "\(prefix) -l \(option.name) -d '\(fishQuoted(option.help))'"
                if option.placeholder != nil { line += " -r" }
                switch option.candidates {
                case .nothing: break
                case .files: line += " -F"
                case .directories: line += " -a '(__fish_complete_directories)'"
                case .words(let words): line += " -a '\(words.joined(separator: " "))'"
                }
                text += line + "\n"
            }
            for argument in command.arguments {
                switch argument.candidates {
                case .files: text += "\(prefix) -F\n"
                case .directories: text += "\(prefix) -a '(__fish_complete_directories)'\n"
                default: break
                }
                guard !argument.words.isEmpty else { continue }
                text += "\(prefix) -a '\(argument.words.joined(separator: " "))' -d '\(fishQuoted(argument.help))'\n"
            }
        }
        return text
    }

    private static func zshAction(_ candidates: OptionSpec.Candidates) -> String {
        switch candidates {
        case .nothing: ""
        case .files: "_files"
        case .directories: "_files -/"
        case .words(let words): "(\(words.joined(separator: " ")))"
        }
    }

    /// Safe inside single quotes, and inside the brackets and colons of `_arguments`.
    private static func zshQuoted(_ text: String) -> String {
        var quoted = ""
        for character in text {
            switch character {
            case "'": quoted += "'\\''"
            case "[", "]", ":", "\\": quoted += "\\\(character)"
            default: quoted.append(character)
            }
        }
        return quoted
    }

    private static func fishQuoted(_ text: String) -> String {
        var quoted = ""
        for character in text {
            if character == "'" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted
    }
}
