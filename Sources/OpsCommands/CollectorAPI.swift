import HTTP
import JSON
import TLS

/// Asks a collector's API.
struct CollectorAPI {
    let endpoint: HTTPEndpoint
    /// As people write it.
    let address: String
    /// What every request carries, such as the key that the collector asks for.
    let headers: HTTPHeaders

    /// A trace of a million spans is a few hundred megabytes.
    private static let longestAnswer = 1 << 30

    /// The options every command that asks a collector takes.
    static let options: [OptionSpec] =
        [
            .value("collector", "ADDRESS", "the collector's console and API", standard: "127.0.0.1:9090")
        ] + securityOptions

    static let securityOptions: [OptionSpec] = [
        .value("authority", "FILE", "speak TLS and trust the certificates in this PEM file", candidates: .files),
        .value("certificate", "FILE", "with --key: the client certificate to show", candidates: .files),
        .value("key", "FILE", "the client certificate's key", candidates: .files),
        keyOption,
    ]

    static let keyOption = OptionSpec.value(
        "key-file", "FILE", "a file with the key that the program's 'keys.file' asks for", candidates: .files)

    /// The header that shows the key of `--key-file`; none without it.
    static func keyHeaders(_ arguments: ParsedArguments) throws(OpsError) -> HTTPHeaders {
        guard let file = arguments.value("key-file") else { return HTTPHeaders() }
        do {
            let header = try ClientKey(file: file).header
            return HTTPHeaders([(header.name, header.value)])
        } catch {
            throw .key(error)
        }
    }

    init(_ arguments: ParsedArguments) throws(OpsError) {
        try self.init(arguments.value("collector") ?? "", option: "--collector", arguments)
    }

    /// The program at an address that was given by an option.
    init(_ address: String, option: String, _ arguments: ParsedArguments) throws(OpsError) {
        self.address = address
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]),
            colon > address.startIndex, !address.contains("/")
        else {
            throw .usage(
                .invalidValue(option: option, value: address, expected: "HOST:PORT such as 127.0.0.1:9090"))
        }
        headers = try Self.keyHeaders(arguments)
        let security = try Self.security(arguments)
        do {
            endpoint = try HTTPEndpoint(host: String(address[..<colon]), port: port, tls: security)
        } catch {
            throw .noAnswer(error)
        }
    }

    /// Any path that answers JSON; nil where there is nothing at it.
    func json(at path: String) throws(OpsError) -> JSONValue? {
        guard let response = try get(path, accept: "application/json", deadline: .seconds(20)) else { return nil }
        do {
            return try JSONParser.parse(response.body)
        } catch {
            throw .malformedAnswer(address: address, path: path, reason: "\(error)")
        }
    }

    /// An answer that may take as long as a search; nil where there is nothing at the path. A request that is wrong is told with
    /// the collector's words.
    func answer(at path: String) throws(OpsError) -> (bytes: [UInt8], json: JSONValue)? {
        do {
            guard let response = try get(path, accept: "application/json", deadline: .seconds(90)) else { return nil }
            return (response.body, try JSONParser.parse(response.body))
        } catch OpsError.refused(_, 400, let body) {
            throw .query(body)
        } catch let error as OpsError {
            throw error
        } catch {
            throw .malformedAnswer(
                address: address, path: String(path.prefix { $0 != "?" }), reason: "\(error)")
        }
    }

    /// An answer of the search; a query that is wrong is told with the collector's words.
    func searchAnswer(at path: String) throws(OpsError) -> (bytes: [UInt8], json: JSONValue) {
        guard let answer = try queryAnswer(at: path) else {
            throw .malformedAnswer(address: address, path: "/api/v1/search", reason: "there is no search")
        }
        return answer
    }

    /// Any path that takes queries; nil where there is nothing at it.
    func queryAnswer(at path: String) throws(OpsError) -> (bytes: [UInt8], json: JSONValue)? {
        do {
            // The collector answers within its own bound; this is for one that hangs.
            guard let response = try get(path, accept: "application/json", deadline: .seconds(90)) else { return nil }
            return (response.body, try JSONParser.parse(response.body))
        } catch OpsError.refused(_, 400, let body) {
            throw .query(body)
        } catch let error as OpsError {
            throw error
        } catch {
            throw .malformedAnswer(address: address, path: "\(path.prefix { $0 != "?" })", reason: "\(error)")
        }
    }

    /// Asks for an administrative act; what is wrong with the request is told with the collector's words.
    func act(_ method: String, _ path: String, _ body: [UInt8] = []) throws(OpsError) -> JSONValue {
        var headers = headers
        headers.add("content-type", "application/json")
        headers.add("accept", "application/json")
        let response: HTTPClientResponse
        do {
            response = try fetch(
                HTTPClientRequest(method: method, path: path, headers: headers, body: body), from: endpoint,
                deadline: .seconds(30), options: HTTPClientOptions())
        } catch { throw .noAnswer(error) }
        let text = String(decoding: response.body.prefix(1000), as: UTF8.self)
        switch response.status {
        case 200, 202: break
        case 400: throw .query(text)
        default: throw .refused(address: address, status: response.status, body: text)
        }
        do { return try JSONParser.parse(response.body) } catch {
            throw .malformedAnswer(address: address, path: path, reason: "\(error)")
        }
    }

    /// Nil where there is nothing at the path.
    func get(_ path: String, accept: String, deadline: Duration = .seconds(30)) throws(OpsError)
        -> HTTPClientResponse?
    {
        var options = HTTPClientOptions()
        options.maxResponseBytes = Self.longestAnswer
        let response: HTTPClientResponse
        var headers = headers
        headers.add("accept", accept)
        do {
            response = try fetch(
                HTTPClientRequest(method: "GET", path: path, headers: headers),
                from: endpoint, deadline: deadline, options: options)
        } catch {
            throw .noAnswer(error)
        }
        switch response.status {
        case 200: return response
        case 404: return nil
        default:
            throw .refused(
                address: address, status: response.status,
                body: String(decoding: response.body.prefix(300), as: UTF8.self))
        }
    }

    private static func security(_ arguments: ParsedArguments) throws(OpsError) -> TLSClientContext? {
        let certificate = arguments.value("certificate")
        let key = arguments.value("key")
        guard (certificate == nil) == (key == nil) else {
            throw .usage(.missingArgument("--certificate and --key together", command: arguments.spec.name))
        }
        guard let authority = arguments.value("authority") else {
            guard certificate == nil else {
                throw .usage(.missingArgument("--authority with --certificate", command: arguments.spec.name))
            }
            return nil
        }
        do {
            return try TLSClientContext(authority: authority, certificate: certificate, key: key)
        } catch {
            throw .security(error)
        }
    }
}
