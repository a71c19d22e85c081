import Foundation
import Synchronization

/// Folders that the end of the process removes, unless they were removed before.
enum FoldersToRemove {
    private static let folders = Mutex<Set<URL>>([])
    private static let atExit: Void = {
        atexit { FoldersToRemove.folders.withLock { $0 }.forEach(FoldersToRemove.delete) }
    }()

    static func add(_ folder: URL) {
        _ = atExit
        folders.withLock { _ = $0.insert(folder) }
    }

    static func remove(_ folder: URL) {
        folders.withLock { _ = $0.remove(folder) }
        delete(folder)
    }

    private static func delete(_ folder: URL) {
        try? FileManager.default.removeItem(at: folder)  // A file left in the temporary folder fails no test.
    }
}
