import CLibFuzzer

var count = CommandLine.argc
// The arguments live as long as the program.
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let result = LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    check(UnsafeBufferPointer(start: data, count: size))
    return 0
}
precondition(result == 0)
