import CLinux
import Glibc

/// A named thread that runs one function and is joined once.
///
/// Unchecked because `handle` is written before the value is shared and never again.
package final class WorkerThread: @unchecked Sendable {
    private var handle = pthread_t()

    /// - Parameter isPatient: gives way to threads that somebody waits for.
    package init(
        name: String, isPatient: Bool = false, _ body: @escaping @Sendable () -> Void
    ) throws(StorageFailure) {
        let start = Start(name: name, isPatient: isPatient, body: body)
        let code = pthread_create(
            &handle, nil,
            { argument in
                // The pointer is the one retained below; pthread_create never passes nil for it.
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                _ = hms_set_thread_name(start.name)
                if start.isPatient { hms_give_way() }
                start.body()
                return nil
            }, Unmanaged.passRetained(start).toOpaque())
        guard code == 0 else {
            Unmanaged.passUnretained(start).release()
            throw StorageFailure("starting thread", name, code: code)
        }
    }

    package func join() { pthread_join(handle, nil) }

    private final class Start: Sendable {
        let name: String
        let isPatient: Bool
        let body: @Sendable () -> Void
        init(name: String, isPatient: Bool, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.isPatient = isPatient
            self.body = body
        }
    }
}
