import Collector
import Glibc

exit(runCollector(CommandLine.arguments))
