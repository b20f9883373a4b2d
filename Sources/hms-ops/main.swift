import Glibc
import OpsCommands

exit(OpsProgram.run(Array(CommandLine.arguments.dropFirst())).rawValue)
