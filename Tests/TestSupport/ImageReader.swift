import Foundation

/// Reads codes in images by `zbarimg`, a reader that shares nothing with what drew them.
package enum ImageReader {
    package struct Failure: Error {
        let status: Int32
    }

    /// The text of the one code in an image file.
    package static func text(of image: [UInt8]) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "onsale-\(UUID().uuidString).png")
        try Data(image).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let reader = Process()
        reader.executableURL = URL(filePath: "/usr/bin/env")
        reader.arguments = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file.path]
        let output = Pipe()
        reader.standardOutput = output
        reader.standardError = FileHandle.nullDevice
        try reader.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        reader.waitUntilExit()
        guard reader.terminationStatus == 0 else { throw Failure(status: reader.terminationStatus) }
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}
