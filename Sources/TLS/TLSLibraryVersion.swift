import COpenSSL

/// The version of OpenSSL that is loaded.
package func tlsLibraryVersion() -> String {
    // The text is static.
    String(cString: OpenSSL_version(OPENSSL_VERSION_STRING))
}
