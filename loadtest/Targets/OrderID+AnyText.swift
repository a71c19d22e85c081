import Foundation
import Ticketing

extension OrderID {
    /// The id of an order of any service: a UUID is taken as it is, anything else is hashed into one (FNV-1a, 128 bits,
    /// with the offset basis and prime of its authors), so that histories and audits have one kind of id. nil for an
    /// empty text, or `null`.
    init?(anyText text: String) {
        guard !text.isEmpty, text != "null" else { return nil }
        if let uuid = UUID(text: text.utf8) {
            self.init(uuid)
            return
        }
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for byte in text.utf8 { hash = (hash ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013b }
        var uuid: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &uuid) { $0.storeBytes(of: hash.bigEndian, as: UInt128.self) }
        self.init(UUID(uuid: uuid))
    }
}
