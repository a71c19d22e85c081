import Foundation
import PNGImages
import TestSupport
import Testing

@testable import QRCodes

@Suite struct QRCodeTests {
    private static let code = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    /// The squares of an image of the drawn pixels, as a reader gets them.
    private static func image(_ matrix: QRMatrix, size: Int) throws -> [UInt8] {
        try PNGImage.encode(isBlack: try #require(matrix.pixels(size: size)), width: size, height: size)
    }

    @Test func `A ticket's code is a symbol of 25 squares, which level M needs for 26 capitals and digits`() throws {
        #expect(try #require(QRMatrix(Self.code)).side == 25)
        // In the denser of two modes: 38 capitals have room in it, and 38 small letters have not.
        let more = Self.code + "ABCDEFGHJKMN"
        #expect(try #require(QRMatrix(more)).side == 25)
        #expect(try #require(QRMatrix(more.lowercased())).side == 29)
    }

    @Test(arguments: [33, 66, 100, 330, 331, 1_600])
    func `A reader finds the text in an image of any size`(size: Int) throws {
        let matrix = try #require(QRMatrix(Self.code))
        // What is smaller than three pixels a square is for screens that enlarge it.
        let image = try Self.image(matrix, size: size)
        guard size >= 100 else { return }
        #expect(try ImageReader.text(of: image) == Self.code)
    }

    @Test func `A reader makes up for a tenth of the squares, and not for a third of them`() throws {
        let matrix = try #require(QRMatrix(Self.code))
        for (share, isReadable) in [(0.10, true), (0.35, false)] {
            var pixels = try #require(matrix.pixels(size: 330))
            // A stain on the right, away from the three corners that a reader looks for.
            let width = Int((Double(matrix.side * matrix.side) * share / 9).rounded(.up))
            for row in (12 * 10)..<(21 * 10) {
                for column in (29 - width) * 10..<290 { pixels[row * 330 + column] = true }
            }
            let image = try PNGImage.encode(isBlack: pixels, width: 330, height: 330)
            #expect(((try? ImageReader.text(of: image)) == Self.code) == isReadable, "\(share)")
        }
    }

    @Test func `The border is light and four squares wide`() throws {
        let matrix = try #require(QRMatrix(Self.code))
        let side = matrix.side + 8
        let pixels = try #require(matrix.pixels(size: side))
        for row in 0..<side {
            for column in 0..<side where !(4..<side - 4).contains(row) || !(4..<side - 4).contains(column) {
                #expect(!pixels[row * side + column])
            }
        }
        #expect(pixels[4 * side + 4], "the corner of a finder pattern")
    }

    @Test func `The path of the SVG covers the same squares as the image`() throws {
        let matrix = try #require(QRMatrix(Self.code))
        let side = matrix.side + 8
        var drawn = Array(repeating: false, count: side * side)
        for part in matrix.path.split(separator: "z") {
            let match = try #require(part.wholeMatch(of: /M(\d+) (\d+)h(\d+)v1h-(\d+)/))
            let numbers = try [match.1, match.2, match.3].map { try #require(Int($0)) }
            let (column, row, run) = (numbers[0], numbers[1], numbers[2])
            #expect(match.3 == match.4)
            for column in column..<column + run { drawn[row * side + column] = true }
        }
        #expect(drawn == matrix.pixels(size: side))
        let svg = matrix.svg(size: 200)
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"200\""))
        #expect(svg.contains("viewBox=\"0 0 33 33\""))
        #expect(svg.contains("d=\"\(matrix.path)\""))
    }

    @Test func `A text that no code can hold has none, nor an image that is too small a drawing`() throws {
        #expect(QRMatrix("") == nil)
        #expect(QRMatrix("a\0b") == nil)
        #expect(QRMatrix(String(repeating: "a", count: 2_332)) == nil)
        #expect(QRMatrix(String(repeating: "a", count: 2_331)) != nil)
        #expect(try #require(QRMatrix(Self.code)).pixels(size: 32) == nil)
    }

    @Test(arguments: [(1, 1), (7, 3), (8, 8), (33, 1_000), (1_000, 33)])
    func `An image of noise, which cannot be compressed, has its pixels in the file`(width: Int, height: Int) throws {
        let pixels = (0..<width * height).map { _ in Bool.random() }
        let file = try PNGImage.encode(isBlack: pixels, width: width, height: height)
        #expect(file.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
        // Width, height, one bit a pixel, by palette (PNG §11.2.2).
        let header = file[16..<26].map { Int($0) }
        #expect(header[2] << 8 | header[3] == width)
        #expect(header[6] << 8 | header[7] == height)
        #expect(header[8...] == [1, 3])
    }
}
