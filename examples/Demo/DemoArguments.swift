import EventLoop

/// What this process is to be, from its command line.
struct DemoArguments {
    enum Role: Equatable {
        case service(String)
        case traffic(SocketAddress)
        case help
        case version
    }

    static let services = ["gateway", "eligibility", "payments"]
    static let usage = """
        hms-demo: three small services that trace themselves

        usage: hms-demo gateway|eligibility|payments --listen ADDRESS [--next ADDRESS] [--sidecar ADDRESS] [--propagate hms|both]
               hms-demo traffic --target ADDRESS [--rate REQUESTS_PER_SECOND]

          --listen ADDRESS    where to answer, such as 127.0.0.1:8080
          --next ADDRESS      the service to call: eligibility for the gateway, payments for eligibility
          --sidecar ADDRESS   where spans go (default 127.0.0.1:4317; 'off' sends none)
          --propagate hms     write x-hms-trace-id alone into calls; 'both' (default) writes traceparent as well
          --target ADDRESS    the gateway that traffic asks
          --rate NUMBER       requests each second, 0.01 to 1000 (default 2)
        """

    let role: Role
    var listen = SocketAddress.loopback(port: 0)
    var next: SocketAddress?
    var sidecar: String?
    var propagatesOursOnly = false
    var rate = 2.0

    init(_ arguments: [String]) throws(DemoArgumentError) {
        var rest = arguments[...]
        guard let first = rest.popFirst() else { throw .noRole }
        var target: SocketAddress?
        while let flag = rest.popFirst() {
            if flag == "--help" { break }
            guard ["--listen", "--next", "--sidecar", "--propagate", "--target", "--rate"].contains(flag) else {
                throw .unknown(flag)
            }
            guard let value = rest.popFirst() else { throw .missingValue(flag) }
            switch flag {
            case "--listen": listen = try Self.address(value, of: flag)
            case "--next": next = try Self.address(value, of: flag)
            case "--target": target = try Self.address(value, of: flag)
            case "--sidecar": sidecar = value
            case "--propagate":
                guard value == "hms" || value == "both" else { throw .invalid(flag, value, expected: "hms or both") }
                propagatesOursOnly = value == "hms"
            default:
                guard let number = Double(value), (0.01...1_000.0).contains(number) else {
                    throw .invalid(flag, value, expected: "a number from 0.01 to 1000")
                }
                rate = number
            }
        }
        switch first {
        case _ where arguments.contains("--help"), "-h", "help": role = .help
        case "--version": role = .version
        case "traffic":
            guard let target else { throw .missing("--target", role: first) }
            role = .traffic(target)
        case _ where Self.services.contains(first):
            guard next != nil || first == "payments" else { throw .missing("--next", role: first) }
            role = .service(first)
        default: throw .unknown(first)
        }
    }

    private static func address(_ text: String, of flag: String) throws(DemoArgumentError) -> SocketAddress {
        do throws(InvalidAddress) {
            return try SocketAddress(parsing: text)
        } catch {
            throw .invalid(flag, text, expected: "an address such as 127.0.0.1:8080")
        }
    }
}

enum DemoArgumentError: Error, CustomStringConvertible {
    case noRole
    case unknown(String)
    case missingValue(String)
    case missing(String, role: String)
    case invalid(String, String, expected: String)

    var description: String {
        switch self {
        case .noRole: "say what to be: gateway, eligibility, payments or traffic; see --help"
        case .unknown(let argument): "unknown argument '\(argument)'; see --help"
        case .missingValue(let flag): "'\(flag)' needs a value after it"
        case .missing(let flag, let role): "'\(role)' needs \(flag)"
        case .invalid(let flag, let value, let expected): "'\(flag)' is '\(value)', expected \(expected)"
        }
    }
}
