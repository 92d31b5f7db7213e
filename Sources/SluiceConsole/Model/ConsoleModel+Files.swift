import SluiceMessage

// MARK: Files: exports and saved views
extension ConsoleModel {
    /// Opens the line with a name to export to, which Enter takes.
    mutating func proposeExport() {
        guard let sheet else { return say(tr("There is no list on this screen to export."), .bad) }
        let civil = CivilTime(now, utcOffset: settings.utcOffset)
        let stamp = "\(civil.date)-\(civil.clock.filter { $0 != ":" })"
        let safe = sheet.title.unicodeScalars.map { scalar -> Character in
            scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-" ? Character(scalar) : "-"
        }
        prompt = Prompt(kind: .command, field: TextField("export \(String(safe).prefix(60))-\(stamp).csv"))
    }

    mutating func export(to path: String?, _ effects: inout [Effect]) {
        guard let path, !path.isEmpty else { return proposeExport() }
        guard let format = SheetFormat(file: path) else {
            return say(tr("An export is a .csv or a .json file: :export \(path).csv"), .bad)
        }
        guard let sheet else { return say(tr("There is no list on this screen to export."), .bad) }
        var note = ": \(Format.plural(sheet.rows.count, "row"))"
        if let total = sheet.truncatedOf { note += tr(" of \(Format.count(total)), truncated") }
        effects.append(.file(.export(path: path, text: sheet.encoded(as: format), note: note + ".")))
    }

    mutating func saveView(_ name: String?, _ effects: inout [Effect]) {
        guard let name, !name.isEmpty else { return say(tr("Save it as what? :save NAME"), .bad) }
        guard SavedView.isName(name) else {
            return say(tr("A view's name has no spaces, no / and no dot in front."), .bad)
        }
        guard let place = place.name else { return say(tr("This screen cannot be saved as a view."), .bad) }
        var view = SavedView(place: place)
        view.filter = list.filter?.source
        (view.sort, view.isDescending) = (list.sort, list.descending)
        view.showsAllTopics = showsAllTopics && screen == .topics
        effects.append(.file(.saveView(name: name, text: view.text)))
    }

    mutating func loadView(_ name: String?, _ effects: inout [Effect]) {
        guard let name, !name.isEmpty else { return say(tr("Which view? :view NAME"), .bad) }
        guard SavedView.isName(name) else {
            return say(tr("A view's name has no spaces, no / and no dot in front."), .bad)
        }
        effects.append(.file(.loadView(name: name)))
    }

    mutating func take(_ answer: FileAnswer, _ effects: inout [Effect]) {
        switch answer {
        case .done(let text): say(text, .good)
        case .problem(let text):
            say(text, .bad)
            effects.append(.bell)
        case .view(let name, let text):
            guard let view = SavedView(text), let place = Location(named: view.place) else {
                say(tr("View \(name) has a line that means nothing here; :save \(name) writes it anew."), .bad)
                return
            }
            go(to: place, &effects)
            list.filter = view.filter.flatMap { Filter($0) }
            (list.sort, list.descending) = (view.sort, view.isDescending)
            if screen == .topics { showsAllTopics = view.showsAllTopics }
            arrange()
        }
    }

    /// The body in front, for an editor or a pager.
    mutating func openBody(_ effects: inout [Effect]) {
        guard let message = selectedMessages.first else { return }
        let isJSON = JSONText.pretty(message.body) != nil
        let isText = String(validating: message.body, as: UTF8.self) != nil
        effects.append(.openBody(message.body, suffix: isJSON ? ".json" : isText ? ".txt" : ".bin"))
    }
}
