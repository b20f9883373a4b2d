import CLinux
import Glibc

extension MetricRegistry {
    /// Adds what an operator asks of any process: memory, processor time, descriptors, start time and version.
    package func addProcessMetrics(program: String, version: String) {
        gauge("process_resident_memory_bytes", help: "Resident memory.") { Double(hms_resident_bytes()) }
        gauge("process_cpu_seconds_total", help: "Processor time used, user and system.") { processorSeconds() }
        gauge("process_open_fds", help: "Open file descriptors.") { Double(openDescriptors()) }
        let started = Double(WallClock.unixNanoseconds() / 1_000_000) / 1_000
        gauge("process_start_time_seconds", help: "When the process began, in seconds since 1970.") { started }
        gauge(
            "hms_build_info", help: "Always 1; the labels say what runs.",
            labels: ["program": program, "version": version]
        ) { 1 }
    }
}

private func processorSeconds() -> Double {
    var usage = rusage()
    guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return 0 }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

private func openDescriptors() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(directory) }
    var count = -3  // ".", ".." and the descriptor of this very directory
    while readdir(directory) != nil { count += 1 }
    return max(count, 0)
}
