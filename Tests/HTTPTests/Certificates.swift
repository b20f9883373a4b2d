import Glibc

/// Authorities and certificates made at run time by the openssl command, in a directory that goes away with the process.
final class Certificates: Sendable {
    static let shared: Certificates = {
        atexit { Certificates.shared.remove() }
        return Certificates()
    }()

    let directory: String

    private init() {
        var template = Array("/tmp/hms-http-XXXXXX".utf8CString)
        directory = String(cString: mkdtemp(&template))
        authority("ca")
        certificate("server", signedBy: "ca", names: "DNS:collector.test,DNS:localhost,IP:127.0.0.1,IP:::1")
        certificate("client", signedBy: "ca", names: "DNS:sidecar.test")
    }

    private func remove() { _ = run(["/bin/rm", "-rf", directory]) }

    func path(_ name: String) -> String { directory + "/" + name }

    func write(_ name: String, _ text: String) -> String {
        let file = fopen(path(name), "w")!
        fputs(text, file)
        fclose(file)
        return path(name)
    }

    private func authority(_ name: String) {
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).pem"))
    }

    private func certificate(_ name: String, signedBy authority: String, names: String) {
        openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", path("\(name).key"), "-out", path("\(name).csr"))
        let extensions = write("\(name).ext", "subjectAltName=\(names)\n")
        openssl(
            "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).pem"), "-CAkey",
            path("\(authority).key"),
            "-set_serial", "1", "-days", "1", "-extfile", extensions, "-out", path("\(name).pem"))
    }

    func openssl(_ arguments: String...) {
        let status = run(["/usr/bin/openssl"] + arguments)
        precondition(status == 0, "openssl \(arguments) ended with \(status)")
    }

    private func run(_ command: [String]) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [Int32(1), 2] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        guard posix_spawn(&process, command[0], &actions, nil, &arguments, environ) == 0 else { return -1 }
        var status: Int32 = 0
        waitpid(process, &status, 0)
        return status
    }
}
