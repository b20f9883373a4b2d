import Daemon

/// What `hms-sidecar` does; returns its exit code.
package func runSidecar(_ arguments: [String]) -> Int32 {
    DaemonProgram(
        name: "hms-sidecar",
        summary: "takes spans, metrics and logs beside a service and forwards them to the collector",
        schema: SidecarSettings.schema, run: Sidecar.run
    ).start(arguments)
}
