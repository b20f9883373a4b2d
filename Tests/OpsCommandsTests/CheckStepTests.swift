import OpsCommands
import Testing

@Suite("Findings of check")
struct CheckStepTests {
    let plain = TextStyle(isColoured: false)

    @Test("What is well takes one line")
    func passed() {
        #expect(CheckStep("collector is ready", .passed).text(style: plain) == "ok      collector is ready\n")
    }

    @Test("What is not well is followed by the reason, line by line, and the remedy")
    func failed() {
        let step = CheckStep("a.conf is good", .failed(reason: "a.conf:1: x\na.conf:2: y", remedy: "mend these lines"))
        #expect(!step.isPassed)
        #expect(
            step.text(style: plain) == """
                failed  a.conf is good
                        a.conf:1: x
                        a.conf:2: y
                        → mend these lines

                """)
    }
}
