import Glibc

exit(runDemo(Array(CommandLine.arguments.dropFirst())))
