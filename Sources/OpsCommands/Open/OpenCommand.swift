/// `hms-ops open`: a trace, a query or a page in the browser.
enum OpenCommand {
    static let command = Command(
        CommandSpec(
            "open", "open a trace, a query's traces or a page in the console",
            arguments: [
                ArgumentSpec(
                    "WHAT", "a trace ID, a query, or traces, services, graph or compare; traces without",
                    isRequired: false)
            ],
            options: [.flag("print", "only print the address")] + CollectorAPI.options,
            notes: [
                "Prints the address, and opens it with $BROWSER, or with xdg-open where there is a display."
            ],
            examples: [
                ("hms-ops open 4bf92f3577b34da6a3ce929d0e0e4736", "this trace"),
                ("hms-ops open 'service = pay and duration > 2s'", "the traces that this finds"),
                ("hms-ops open graph --print", "the address alone"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let collector = try CollectorAPI(arguments)
        let page = ConsolePage(arguments.arguments.first ?? ConsolePage.names[0].0)
        let scheme = arguments.value("authority") == nil ? "http" : "https"
        let address = "\(scheme)://\(collector.address)\(page.path)"
        terminal.write(address + "\n")
        if arguments.has("print") { return .success }
        guard let browser = Browser.command(environment: Terminal.environment) else {
            terminal.remark("There is no display, and $BROWSER is not set: open the address by hand.\n")
            return .success
        }
        try Browser.open(address, with: browser)
        return .success
    }
}
