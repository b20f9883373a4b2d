import Summaries

enum SummaryBench {
    static func run() {}
}
