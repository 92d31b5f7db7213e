import SluiceStorage

extension DelayRun {
    /// What is left of a run, in order; blocks that hold nothing of the topic or level asked for are passed over unread.
    /// The run must not change meanwhile.
    struct Walk: IteratorProtocol, Sequence {
        private let run: DelayRun
        private var position: Int
        private let topic: Int32?
        private let level: Int32?
        private var block = -1
        private var entries: [DelayEntry] = []

        init(run: DelayRun, position: Int, topic: Int32?, level: Int32?) {
            (self.run, self.position, self.topic, self.level) = (run, position, topic, level)
        }

        mutating func next() -> DelayEntry? {
            while position < run.total {
                let number = position / DelayRun.blockEntries
                if number != block, !enter(number) {
                    position = (number + 1) * DelayRun.blockEntries
                    continue
                }
                let start = number * DelayRun.blockEntries
                guard let within = nextMatch(from: position - start) else {
                    position = start + DelayRun.blockEntries
                    continue
                }
                position = start + within + 1
                if run.gone.isEmpty || !run.gone.contains(entries[within]) { return entries[within] }
            }
            return nil
        }

        /// False for a block that need not be read.
        private mutating func enter(_ number: Int) -> Bool {
            if let file = run.file {
                let about = file.blocks[number]
                if let topic, about.topics & DelayEntry.topicBit(topic) == 0 { return false }
                if let level, about.levels & DelayEntry.levelBit(level) == 0 { return false }
            }
            (block, entries) = (number, run.load(number))
            return true
        }

        private func nextMatch(from start: Int) -> Int? {
            let (topic, level) = (topic, level)
            return entries.withUnsafeBufferPointer { entries in
                var at = start
                while at < entries.count {
                    let entry = entries[at]
                    if topic.map({ $0 == entry.topic }) ?? true, level.map({ $0 == entry.level }) ?? true { return at }
                    at += 1
                }
                return nil
            }
        }
    }
}
