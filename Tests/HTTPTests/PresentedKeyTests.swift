import Testing

@testable import HTTP

@Suite struct PresentedKeyTests {
    @Test(
        "A key is read from any of its three places",
        arguments: [
            ("authorization", "Bearer abc", "abc"), ("authorization", "bearer abc", "abc"), ("x-api-key", "abc", "abc"),
            ("authorization", "Basic cGVyc29uOmFiYzpk", "abc:d"), ("authorization", "Basic !!", nil),
            ("authorization", "abc", nil), ("cookie", "abc", nil),
        ] as [(String, String, String?)])
    func reads(name: String, value: String, key: String?) {
        let head = RequestHead(method: "GET", path: "/", headers: HTTPHeaders([(name, value)]))
        #expect(head.presentedKey == key)
    }
}
