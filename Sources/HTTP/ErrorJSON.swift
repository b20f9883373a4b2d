extension HTTPResponse {
    /// `{"error":{"code":…,"message":…}}`, for people and scripts.
    package static func errorJSON(_ status: Int, code: String, message: String) -> HTTPResponse {
        var escaped = ""
        for scalar in message.unicodeScalars {
            switch scalar {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case _ where scalar.value < 32 || scalar.value == 127: escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        let text = "{\"error\":{\"code\":\"\(code)\",\"message\":\"\(escaped)\"}}\n"
        return HTTPResponse(
            status: status, headers: HTTPHeaders([("content-type", "application/json")]), body: Array(text.utf8))
    }
}
