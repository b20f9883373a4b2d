extension SettingSchema {
    /// The manual page of a program that takes these settings.
    package func manualPage(program: String, summary: String) -> ManualPage {
        var page = ManualPage(program, summary: summary)
        page.synopsis(program, "[--config FILE] [--set section.key=value]…")
        page.heading("Options")
        for flag in ProgramArguments.flags { page.definition(flag.name, value: flag.value, flag.help) }
        page.heading("Settings")
        page.paragraph(ProgramArguments.precedence)
        for key in keys {
            let value = key.text(of: defaults)
            page.definition(
                key.name,
                "\(key.why) Default: \(value.isEmpty ? "none" : value)."
                    + (key.isReloadable ? " May change while the program runs: SIGHUP reads it again." : ""))
        }
        page.heading("Exit status")
        page.paragraph(
            "0 ended as asked, 1 the configuration or the start has a problem, 64 the command line is wrong.")
        page.seeAlso(["hms-sidecar", "hms-collector", "hms-ops"].filter { $0 != program })
        return page
    }
}
