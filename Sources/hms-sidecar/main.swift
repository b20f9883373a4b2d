import Glibc
import Sidecar

exit(runSidecar(CommandLine.arguments))
