/// Doors that visitors do not have: accounts are made straight in the database, and the books are read there.
struct Backstage: Sendable {
    let accounts: BuyerAccounts
    let books: SaleBooks
}
