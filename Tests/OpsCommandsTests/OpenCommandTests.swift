import Glibc
import OpsCommands
import Testing

@Suite("hms-ops open")
struct OpenCommandTests {
    @Test(
        "What is given is an id, the name of a page, or a query",
        arguments: [
            ("4bf92f3577b34da6a3ce929d0e0e4736", "/trace/4bf92f3577b34da6a3ce929d0e0e4736"),
            (
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                "/trace/4bf92f3577b34da6a3ce929d0e0e4736#00f067aa0ba902b7"
            ),
            (
                "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "/trace/4bf92f3577b34da6a3ce929d0e0e4736#00f067aa0ba902b7"
            ),
            ("graph", "/graph"), ("services", "/services"), ("traces", "/"), ("compare", "/compare"),
            (#"service = "pay" and duration > 2s"#, "/?q=service%20%3D%20%22pay%22%20and%20duration%20%3E%202s"),
            ("javascript:alert(1)//", "/?q=javascript%3Aalert%281%29%2F%2F"),
        ])
    func pages(given: String, path: String) {
        #expect(ConsolePage(given).path == path)
    }

    @Test("The address is printed, and opened where something can show it")
    func opens() throws {
        let terminal = CapturedTerminal()
        #expect(terminal.run("open", "graph", "--print", "--collector", "10.0.0.9:9090") == .success)
        #expect(terminal.output == "http://10.0.0.9:9090/graph\n" && terminal.remarks == "")
        #expect(terminal.run("open", "graph", "--collector", "nonsense") == .usage)
    }

    @Test("BROWSER goes over the desktop's own; without either there is nothing to open it with")
    func browsers() {
        #expect(
            Browser.command { $0 == "BROWSER" ? "firefox --new-tab %s:lynx" : nil } == ["firefox", "--new-tab", "%s"])
        #expect(Browser.command { $0 == "DISPLAY" ? ":0" : nil } == ["xdg-open"])
        #expect(Browser.command { $0 == "WAYLAND_DISPLAY" ? "w" : nil } == ["xdg-open"])
        #expect(Browser.command { _ in nil } == nil)
    }
}
