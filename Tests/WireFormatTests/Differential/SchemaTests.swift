import CProtobufC
import Testing

@testable import WireFormat

@Suite struct SchemaTests {
    @Test(
        "The scanner's table has the fields of the .proto files: numbers, names, wire types",
        arguments: SignalKind.allCases)
    func agreesWithDescriptors(kind: SignalKind) {
        var visited: Set<TelemetryMessage> = []
        compare(TelemetryMessage(request: kind), ProtobufCOracle.descriptor(kind), &visited)
        #expect(visited.count > 10)
    }

    private func compare(
        _ message: TelemetryMessage, _ descriptor: ProtobufCOracle.Descriptor, _ visited: inout Set<TelemetryMessage>
    ) {
        guard visited.insert(message).inserted else { return }
        let theirs = Array(
            UnsafeBufferPointer(start: descriptor.pointee.fields, count: Int(descriptor.pointee.n_fields)))
        #expect(message.fields.map(\.number).sorted() == theirs.map(\.id).sorted(), "\(message)")
        for field in theirs {
            guard let mine = message.fields.first(where: { $0.number == field.id }) else { continue }
            #expect(mine.name == String(cString: field.name), "\(message)")
            #expect(shape(mine) == shape(field), "\(message).\(mine.name)")
            if let child = mine.child, let inner = field.descriptor {
                // A field with a child is a message on both sides, or the line above fails.
                compare(child, inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self), &visited)
            }
        }
    }

    private func shape(_ field: TelemetryField) -> String {
        switch field.rule {
        case .string, .resourceKey, .resourceText: "string"
        case .message, .span: "message"
        case .bytes, .traceID, .spanID, .parentSpanID, .linkTraceID, .linkSpanID: "bytes"
        case .packedFixed64: "repeated fixed64"
        case .packedVarint: "repeated varint"
        default: "\(field.wireType)"
        }
    }

    private func shape(_ field: ProtobufCFieldDescriptor) -> String {
        switch field.type {
        case PROTOBUF_C_TYPE_STRING: return "string"
        case PROTOBUF_C_TYPE_MESSAGE: return "message"
        case PROTOBUF_C_TYPE_BYTES: return "bytes"
        default: break
        }
        let repeated = field.label == PROTOBUF_C_LABEL_REPEATED ? "repeated " : ""
        switch field.type {
        case PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_DOUBLE: return repeated + "fixed64"
        case PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FLOAT: return repeated + "fixed32"
        default: return repeated + "varint"
        }
    }
}
