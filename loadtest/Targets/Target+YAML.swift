import Ticketing

/// Descriptions of other services. README.md of `loadtest` lists every name.
extension Target {
    init(file path: String) throws(LoadTestError) {
        try self.init(yaml: try InputFile(path: path).text(), file: path)
    }

    init(yaml: String, file: String = "target") throws(LoadTestError) {
        var document = try YAMLMapping.document(yaml, file: file)
        let name = try document.text("name") ?? file
        guard var purchase = try document.mapping("purchase"), var status = try document.mapping("status") else {
            throw document.error("purchase and status are needed")
        }
        var logIn: Route?
        if var mapping = try document.mapping("logIn") {
            logIn = try Route(&mapping, method: "POST")
            try mapping.finish()
        }
        let event = try document.text("event")
        try document.finish()
        self.init(
            name: name, purchase: try Route(&purchase, method: "POST"),
            purchaseAnswers: try PurchaseAnswers(&purchase), status: try Route(&status, method: "GET"),
            statusAnswers: try StatusAnswers(&status), recover: nil, logIn: logIn, event: event)
        try purchase.finish()
        try status.finish()
        guard RequestTemplate.variables(in: self.status.path + (self.status.body ?? "")).contains(.order) else {
            throw status.error("{order} must stand in the path or body of the status request")
        }
    }
}

extension Target.Route {
    fileprivate init(_ mapping: inout YAMLMapping, method: String) throws(LoadTestError) {
        let method = try mapping.text("method") ?? method
        guard let path = try mapping.text("path"), path.hasPrefix("/") else {
            throw mapping.error("path: a text that begins with / is needed")
        }
        self.init(method: method, path: path, headers: [], body: try mapping.text("body"))
        guard var headers = try mapping.mapping("headers") else { return }
        for name in headers.names.sorted() {
            guard let value = try headers.text(name), !(name + value).contains(where: \.isNewline) else {
                throw headers.error("\(name): no value of a header")
            }
            self.headers.append(Header(name: name, value: value))
        }
    }
}

extension Target.PurchaseAnswers {
    fileprivate init(_ mapping: inout YAMLMapping) throws(LoadTestError) {
        var accepted: [Int] = []
        for text in try mapping.texts("accepted") ?? ["200", "201", "202"] {
            guard let status = Int(text), (200..<300).contains(status) else {
                throw mapping.error("accepted: status codes from 200 to 299 are expected")
            }
            accepted.append(status)
        }
        self.init(
            accepted: accepted, order: MemberPath(try mapping.text("order") ?? "id"),
            code: MemberPath(try mapping.text("code") ?? "code"), receipt: nil,
            temporary: try mapping.texts("temporary") ?? [])
    }
}

extension Target.StatusAnswers {
    fileprivate init(_ mapping: inout YAMLMapping) throws(LoadTestError) {
        let status = MemberPath(try mapping.text("status") ?? "status")
        let stage = try mapping.text("stage").map { MemberPath($0) }
        let queuedStage = try mapping.text("queuedStage") ?? "queued"
        let failure = try mapping.text("failure").map { MemberPath($0) }
        let pollAfterMs = try mapping.text("pollAfterMs").map { MemberPath($0) }
        guard var words = try mapping.mapping("states") else {
            throw mapping.error("states: which words mean pending, confirmed and cancelled is needed")
        }
        var states: [String: String] = [:]
        for state in OrderStatus.allCases {
            for word in try words.texts(state.rawValue) ?? [] { states[word] = state.rawValue }
        }
        try words.finish()
        guard states.values.contains(OrderStatus.confirmed.rawValue) else {
            throw mapping.error("states: at least one word for confirmed is needed")
        }
        self.init(
            status: status, states: states, stage: stage, queuedStage: queuedStage, failure: failure,
            pollAfterMs: pollAfterMs)
    }
}
