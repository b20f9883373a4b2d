import OpsCommands
import Testing
import TraceModel

@Suite("Trace IDs as people paste them")
struct TraceIDTextTests {
    @Test(
        "The ID is found in every form",
        arguments: [
            "4bf92f3577b34da6a3ce929d0e0e4736", "4BF92F3577B34DA6A3CE929D0E0E4736",
            "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ])
    func finds(text: String) {
        #expect(TraceIDText.parse(text)?.description == "4bf92f3577b34da6a3ce929d0e0e4736")
    }

    @Test("Sixteen digits are padded on the left")
    func pads() {
        #expect(TraceIDText.parse("a3ce929d0e0e4736")?.description == "0000000000000000a3ce929d0e0e4736")
    }

    @Test(
        "Anything else is no ID", arguments: ["", "xyz", "4bf9", String(repeating: "0", count: 32), "-", "00-12-34-56"])
    func refuses(text: String) {
        #expect(TraceIDText.parse(text) == nil)
    }
}
