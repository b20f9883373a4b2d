import Daemon

/// What `hms-collector` does; returns its exit code.
package func runCollector(_ arguments: [String]) -> Int32 {
    DaemonProgram(
        name: "hms-collector", summary: "stores the spans of a fleet and shows its traces",
        schema: CollectorSettings.schema, run: Collector.run
    ).start(arguments)
}
