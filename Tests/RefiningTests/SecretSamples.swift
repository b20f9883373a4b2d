/// Texts with a secret in them, each of another kind, and what is to be left of the text.
struct SecretSample: Sendable, CustomStringConvertible {
    var name: String
    var text: String
    var secret: String

    init(_ name: String, _ text: String, _ secret: String) {
        (self.name, self.text, self.secret) = (name, text, secret)
    }

    var redacted: String {
        text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "REDACTED")
    }
    var description: String { name }

    // Tokens are put together here, so that no scanner of repositories takes them for real ones.
    private static let word = "Zk3vQ9xT7bLm2NcR8sWy"
    private static let long = "Zk3vQ9xT7bLm2NcR8sWyZk3vQ9xT7bLm2NcR8sWyZk3v"
    private static let hex = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"

    static let all: [SecretSample] = [
        SecretSample("URL userinfo", "https://bob:hunter2x@db.example.com/a", "hunter2x"),
        SecretSample("URL userinfo with slash", "postgres://u:pa/ss#w0rd@host:5432/db", "pa/ss#w0rd"),
        SecretSample("token as user", "https://\(long)@github.com/a/b", long),
        SecretSample("driver userinfo", "root:s3cretpw@tcp(127.0.0.1:3306)/shop", "s3cretpw"),
        SecretSample("JDBC Oracle", "jdbc:oracle:thin:scott/t1gerpw@//db:1521/x", "t1gerpw"),
        SecretSample("query token", "https://a.example/cb?token=abc123&x=1", "abc123"),
        SecretSample("query access_token", "/cb?x=1&access_token=\(word)#top", word),
        SecretSample("query api key", "/v1/m?api_key=q1w2e3r4&units=si", "q1w2e3r4"),
        SecretSample("query sig", "https://x.blob/c?sv=2020&sig=abcdEFGH%3D&se=1", "abcdEFGH%3D"),
        SecretSample("presigned", "https://s3/o?X-Amz-Signature=\(hex)&a=1", hex),
        SecretSample("OAuth code", "/callback?code=4_0AfJohXl9QwErTyUiOp&state=x", "4_0AfJohXl9QwErTyUiOp"),
        SecretSample("session in path", "/shop;jsessionid=A1B2C3D4E5F6?x=1", "A1B2C3D4E5F6"),
        SecretSample("SQL insert", "INSERT INTO users (name, password) VALUES (5, 'hunter2')", "hunter2"),
        SecretSample("SQL update", "UPDATE users SET password = 'p''w' WHERE id = 7", "p''w"),
        SecretSample("SQL alter", "ALTER USER bob WITH PASSWORD 'pg-secret'", "pg-secret"),
        SecretSample("SQL identified", "CREATE USER 'a'@'%' IDENTIFIED BY 'xyzzy1'", "'xyzzy1'"),
        SecretSample("Redis", "AUTH redis-pass-1", "redis-pass-1"),
        SecretSample("Redis config", "CONFIG SET requirepass r3d1sp4ss", "r3d1sp4ss"),
        SecretSample("Bearer", "sent Bearer abc.def-123456789", "abc.def-123456789"),
        SecretSample("Basic", "got Basic Ym9iOmh1bnRlcjI=", "Ym9iOmh1bnRlcjI="),
        SecretSample("authorization header", "Authorization: Token \(word)", "Token \(word)"),
        SecretSample("cookie header", "Cookie: sid=abc; theme=dark", "sid=abc; theme=dark"),
        SecretSample("password in log", "login failed, password=hunter2, user=bob", "hunter2"),
        SecretSample("password with colon", "retry with password: hunter2", "hunter2"),
        SecretSample("JSON", #"{"user":"bob","password":"hun\"ter2","n":1}"#, #"hun\"ter2"#),
        SecretSample("JSON in JSON", #"{"body":"{\"client_secret\":\"abc def\"}"}"#, "abc def"),
        SecretSample("XML", "<login><password>hunter2</password></login>", "hunter2"),
        SecretSample("command line", "mysql --password hunter2 --host db", "hunter2"),
        SecretSample("connection string", "Server=db;Password=a,b!c;Database=x", "a,b!c"),
        SecretSample("Azure storage", "AccountName=a;AccountKey=\(long)==;Suffix=core", "\(long)=="),
        SecretSample(
            "JWT", "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.\(word) end",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.\(word)"),
        SecretSample(
            "PEM", "key -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"),
        SecretSample("AWS key", "id AKIAABCDEFGHIJKLMNOP used", "AKIAABCDEFGHIJKLMNOP"),
        SecretSample("AWS secret", "aws_secret_access_key = \(long)", long),
        SecretSample("GCP key", "AIza\(long)", "AIza\(long)"),
        SecretSample("GCP token", "ya29.\(long)", "ya29.\(long)"),
        SecretSample("GitHub", "ghp_\(long)", "ghp_\(long)"),
        SecretSample("GitHub fine-grained", "github_pat_\(long)", "github_pat_\(long)"),
        SecretSample("GitLab", "glpat-\(word)", "glpat-\(word)"),
        SecretSample("Slack", "xoxb-\(word)", "xoxb-\(word)"),
        SecretSample("Slack hook", "https://hooks.slack.com/services/T0/B0/\(word)", "T0/B0/\(word)"),
        SecretSample("Stripe", "sk_live_\(word)", "sk_live_\(word)"),
        SecretSample("Stripe hook", "whsec_\(word)", "whsec_\(word)"),
        SecretSample("OpenAI", "sk-proj-\(long)", "sk-proj-\(long)"),
        SecretSample("Anthropic", "sk-ant-\(long)", "sk-ant-\(long)"),
        SecretSample("Hugging Face", "hf_\(long)", "hf_\(long)"),
        SecretSample("npm", "npm_\(long.prefix(36))", "npm_\(long.prefix(36))"),
        SecretSample("PyPI", "pypi-\(long)", "pypi-\(long)"),
        SecretSample("SendGrid", "SG.\(word).\(word)", "SG.\(word).\(word)"),
        SecretSample("Telegram", "/bot123456789:AA\(word)\(word)/x", "123456789:AA\(word)\(word)"),
        SecretSample("Vault", "hvs.\(long)", "hvs.\(long)"),
        SecretSample("bcrypt", "$2b$12$\(long)\(long.prefix(9))", "$2b$12$\(long)\(long.prefix(9))"),
        SecretSample("DigitalOcean", "dop_v1_\(hex)", "dop_v1_\(hex)"),
        SecretSample("Doppler", "dp.pt.\(long)", "dp.pt.\(long)"),
        SecretSample("Discord hook", "https://discord.com/api/webhooks/123/\(word)", "123/\(word)"),
    ]

    /// Ordinary telemetry that has something of a secret about it.
    static let harmless = [
        "https://orders.internal:8443/api/v1/orders?page=2&size=50", "https://a.example/x@y?email=bob@example.com",
        "bob@example.com", "SELECT id, token_type FROM sessions WHERE id = $1", "unexpected token: identifier",
        "password: must have 8 characters", "the password is wrong", "bearer authentication required",
        "Basic authentication failed", "tokens=120 token_count=7", "max_tokens: 100", "task-runner-7 risk-score",
        "secret \"db-creds\" not found", "GET /api/keys/list", "routing_key=orders.created", "Authorization: denied",
        "password=? and token = $1", "password=${DB_PASSWORD}", "https://user:REDACTED@host/", "token=REDACTED",
        "https://h:8080/a?x=@", "ssh://git@host/repo", "eyJhb alone", "cookie consent given", "passport=AB1234567",
        "authorization.policy=allow", "https://[::1]:4317/v1/traces", "sk-short", "key=value", "SG.1", "author: bob",
    ]
}
