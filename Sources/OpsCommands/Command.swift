/// A command: its spec, and what it does once its arguments are read.
package struct Command: Sendable {
    package let spec: CommandSpec
    package let run: @Sendable (ParsedArguments, Terminal) throws(OpsError) -> ExitCode

    package init(
        _ spec: CommandSpec, run: @escaping @Sendable (ParsedArguments, Terminal) throws(OpsError) -> ExitCode
    ) {
        self.spec = spec
        self.run = run
    }
}
