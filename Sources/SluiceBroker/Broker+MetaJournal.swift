import SluiceAPI
import SluiceMessage
import SluiceStorage

/// The journal of topics and groups, which is made short again when it has grown far beyond what there is.
extension Broker {
    /// Journals a change of topics or groups that was made in memory already.
    func journalMeta(_ entry: [UInt8]) {
        metaJournaled += Int64(entry.count + 8)
        if metaJournaled > max(metaLimit, options.journalBytes) {
            let all = metaSnapshot()
            let live = all.reduce(Int64(0)) { $0 + Int64($1.count + 8) }
            metaLimit = live * 4
            if metaJournaled > max(metaLimit, options.journalBytes) {
                metaJournaled = live
                return store.journal(JournalChange(metaJournal, replaceAll: all))
            }
        }
        store.journal(JournalChange(metaJournal, append: [entry], durable: true))
    }

    /// All there is as entries. Deletions stand first and stay as long as the log may hold records from before them: a
    /// rebuild must not bring those back.
    private func metaSnapshot() -> [[UInt8]] {
        deletedTopics = deletedTopics.filter { $0.value > store.minOffset }
        let deletions = deletedTopics.sorted { $0.key < $1.key }.map { name, end -> [UInt8] in
            var entry = ByteWriter()
            entry.put(UInt8(ascii: "t"))
            entry.put(name)
            entry.put(end)
            return entry.bytes
        }
        let topics = topics.values.sorted { $0.config.name < $1.config.name }.map { metaEntry($0.config) }
        return deletions + topics + groups.values.sorted { $0.name < $1.name }.map { metaEntry($0) }
    }
}
