/// Which names have values that are secret.
struct KeyRules: Sendable {
    let globs: [KeyGlob]
    /// Names that match one of these are left alone.
    let kept: [KeyGlob]

    init(redact: [String], keep: [String]) throws(RuleError) {
        var globs: [KeyGlob] = []
        for text in redact { globs.append(try KeyGlob(text)) }
        var kept: [KeyGlob] = []
        for text in keep { kept.append(try KeyGlob(text)) }
        self.globs = globs
        self.kept = kept
    }

    /// Whether values under that name are secret. A name longer than `KeyName.maximumBytes` is no name that anybody gave, and
    /// counts as one that matches: it would cost much to compare.
    func match(_ name: Span<UInt8>, scratch: inout [UInt8]) -> Bool {
        guard !globs.isEmpty, name.count > 0 else { return false }
        guard name.count <= KeyName.maximumBytes else { return true }
        KeyName.normalize(name, into: &scratch)
        return globs.contains { $0.matches(scratch) } && !kept.contains { $0.matches(scratch) }
    }

    /// Ends of words rather than parts of them: `*token` is a token, while `tokens` and `token_count` are numbers of them.
    static let defaultRedact = [
        "authorization", "*.authorization", "*basicauth",
        "cookie", "cookies", "*.cookie", "*.cookie?", "*.cookies.*",
        "*password", "*password?", "*password.hash", "*password.confirmation", "*passwordhash", "*passwd",
        "*passphrase", "*pwd", "*.pass",
        "*secret", "*.secret.key", "*secretkey",
        "*token",
        "*api.key", "*apikey", "*access.key", "*accesskey", "*private.key", "*privatekey", "*encryption.key",
        "*signing.key", "*subscription.key", "*account.key", "*accountkey", "*master.key", "*shared.key", "*auth.key",
        "*ssh.key", "*client.key", "*license.key",
        "credential", "credentials", "*.credential", "*.credentials", "*.otp", "*.totp", "*client.assertion",
    ]

    /// Where they end in a forbidden word and are no secret: cursors, and the vocabulary of parsers and language models.
    static let defaultKeep = [
        "*page.token", "*pagetoken", "*next.token", "*nexttoken", "*continuation.token", "*continuationtoken",
        "*sync.token", "*fencing.token", "*cancellation.token", "*first.token", "*last.token", "*per.token",
        "*input.token", "*output.token", "*prompt.token", "*completion.token", "*stop.token", "*eos.token",
        "*bos.token", "*pad.token", "*unk.token", "*unexpected.token", "*special.token", "*syntax.token",
        "process*.pwd", "*environment.variable.pwd", "*.cookies.enabled",
    ]
}
