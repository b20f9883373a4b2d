extension MessageKind {
    var commonDefinition: MessageSchema {
        switch self {
        case .resource:
            MessageSchema(
                "Resource",
                [
                    FieldSchema(1, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(2, "droppedAttributesCount", .uint32),
                    FieldSchema(3, "entityRefs", .message(.entityRef), .repeated),
                ])
        case .entityRef:
            MessageSchema(
                "EntityRef",
                [
                    FieldSchema(1, "schemaUrl", .string),
                    FieldSchema(2, "type", .string),
                    FieldSchema(3, "idKeys", .string, .repeated),
                    FieldSchema(4, "descriptionKeys", .string, .repeated),
                ])
        case .scope:
            MessageSchema(
                "InstrumentationScope",
                [
                    FieldSchema(1, "name", .string),
                    FieldSchema(2, "version", .string),
                    FieldSchema(3, "attributes", .message(.keyValue), .repeated),
                    FieldSchema(4, "droppedAttributesCount", .uint32),
                ])
        case .keyValue:
            MessageSchema("KeyValue", [FieldSchema(1, "key", .string), FieldSchema(2, "value", .message(.anyValue))])
        case .arrayValue:
            MessageSchema("ArrayValue", [FieldSchema(1, "values", .message(.anyValue), .repeated)])
        case .keyValueList:
            MessageSchema("KeyValueList", [FieldSchema(1, "values", .message(.keyValue), .repeated)])
        default:
            MessageSchema(
                "AnyValue",
                [
                    FieldSchema(1, "stringValue", .string, .oneof),
                    FieldSchema(2, "boolValue", .bool, .oneof),
                    FieldSchema(3, "intValue", .int64, .oneof),
                    FieldSchema(4, "doubleValue", .double, .oneof),
                    FieldSchema(5, "arrayValue", .message(.arrayValue), .oneof),
                    FieldSchema(6, "kvlistValue", .message(.keyValueList), .oneof),
                    FieldSchema(7, "bytesValue", .bytes, .oneof),
                ])
        }
    }
}
