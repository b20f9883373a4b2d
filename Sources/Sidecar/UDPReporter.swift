import EventLoop
import Receiving
import SelfTelemetry

/// Tells the ledger each second what the UDP door counted, and keeps it. Lives on the door's loop.
final class UDPReporter {
    private let receiver: DatagramReceiver
    private let counters: DatagramReceiver.Counters
    private let ledger: SidecarLedger
    private let memory: ProducerMemory
    private var reported: (datagrams: UInt64, kernelDrops: UInt64)?

    init(
        receiver: DatagramReceiver, counters: DatagramReceiver.Counters, ledger: SidecarLedger, memory: ProducerMemory
    ) {
        self.receiver = receiver
        self.counters = counters
        self.ledger = ledger
        self.memory = memory
    }

    func report() {
        let (datagrams, drops) = (counters.datagrams.value, counters.kernelDrops.value)
        let before = reported ?? (0, 0)
        if let reported, reported == (datagrams, drops) { return }
        reported = (datagrams, drops)
        let producers = receiver.knownProducers
        ledger.publish(
            producers, newDatagrams: datagrams - before.datagrams, newKernelDrops: drops - before.kernelDrops)
        memory.save(producers)
    }

    func reportEachSecond(on loop: EventLoop) {
        _ = loop.schedule(after: .seconds(1)) { [self] in
            report()
            reportEachSecond(on: loop)
        }
    }
}
