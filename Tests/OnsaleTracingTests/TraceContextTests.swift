import Testing

@testable import OnsaleTracing

@Suite struct TraceContextTests {
    static let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func aTraceparentIsReadAndWrittenAsItCame() throws {
        let context = try #require(TraceContext(traceparent: Self.text))
        #expect(context.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(TraceContext.hex(context.spanID) == "b7ad6b7169203331")
        #expect(context.isSampled)
        #expect(context.traceparent == Self.text)
    }

    @Test func otherFlagsThanTheFirstAreNotLookedAt() throws {
        #expect(try #require(TraceContext(traceparent: Self.text.dropLast(2) + "02")).isSampled == false)
        #expect(try #require(TraceContext(traceparent: Self.text.dropLast(2) + "ff")).isSampled)
    }

    @Test func ofALaterVersionTheFirstFieldsAreRead() throws {
        let later = "cc" + Self.text.dropFirst(2)
        #expect(TraceContext(traceparent: later)?.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(TraceContext(traceparent: later + "-what-the-future-brings") != nil)
        #expect(TraceContext(traceparent: later + ".") == nil)
    }

    @Test(arguments: [
        "", "00", "not a traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333ü-01",
    ])
    func everythingElseIsNone(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }
}
