import OTLP

/// What Jaeger calls processes: each resource of a trace once, named p1, p2, … in the order in which they first appear.
struct ProcessTable {
    struct Process: Hashable {
        var service: String
        var tags: [Attribute]

        init(_ resource: ResourceValue) {
            service = resource.serviceName
            tags = resource.attributes
            if let index = tags.firstIndex(where: { $0.key == "service.name" }), tags[index].value.string != nil {
                tags.remove(at: index)
            }
        }
    }

    private(set) var processes: [Process] = []
    private var numbers: [Process: Int] = [:]
    /// Spans of one resource come together and share its storage, so comparing with the last is cheap.
    private var last: (resource: ResourceValue, number: Int)?

    mutating func id(of resource: ResourceValue) -> String { Self.id(number(of: resource)) }

    static func id(_ number: Int) -> String { "p\(number + 1)" }

    private mutating func number(of resource: ResourceValue) -> Int {
        if let last, last.resource == resource { return last.number }
        let process = Process(resource)
        let number = numbers[process] ?? processes.count
        if number == processes.count {
            processes.append(process)
            numbers[process] = number
        }
        last = (resource, number)
        return number
    }
}
