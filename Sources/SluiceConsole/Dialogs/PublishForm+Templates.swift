import SluiceAPI
import SluiceMessage

// MARK: Templates, and what was published before
extension PublishForm {
    func template(named name: String) -> MessageTemplate {
        var template = MessageTemplate(name: name)
        template.topic = text(.topic)
        template.tag = text(.tag)
        template.keys = text(.key)
        template.body = fields[.body]?.text ?? ""
        template.delay = text(.delay)
        template.properties = text(.properties)
        template.isTransaction = isTransaction
        template.producerGroup = text(.producerGroup)
        return template
    }

    mutating func fill(with template: MessageTemplate) {
        fields[.topic] = TextField(template.topic)
        fields[.tag] = TextField(template.tag)
        fields[.key] = TextField(template.keys)
        fields[.body] = TextField(template.body)
        fields[.delay] = TextField(template.delay)
        fields[.properties] = TextField(template.properties)
        isTransaction = template.isTransaction
        if !template.producerGroup.isEmpty { fields[.producerGroup] = TextField(template.producerGroup) }
        if focus == .producerGroup, !isTransaction { focus = .transaction }
        problem = nil
    }

    mutating func performOnTemplates(_ operation: Operation) -> [DialogRequest] {
        if operation == .cancel {
            mode = .form
            problem = nil
            return []
        }
        switch mode {
        case .picking(let selected): pick(operation, selected)
        case .naming: return name(operation)
        case .form: break
        }
        return []
    }

    private mutating func pick(_ operation: Operation, _ selected: Int) {
        guard let templates, !templates.isEmpty else { return }
        switch operation {
        case .choiceUp, .previousField: mode = .picking((selected + templates.count - 1) % templates.count)
        case .choiceDown, .nextField: mode = .picking((selected + 1) % templates.count)
        case .accept:
            guard templates.indices.contains(selected) else { return }
            mode = .form
            fill(with: templates[selected])
            recalled = nil
            templateName = TextField(templates[selected].name)
            note = tr("From the template \(templates[selected].name).")
        default: break
        }
    }

    private mutating func name(_ operation: Operation) -> [DialogRequest] {
        switch operation {
        case .accept, .saveTemplate:
            // Writing over one is another key than the one that saves.
            let overwrites = operation == .saveTemplate && canOverwrite
            return [.effect(.saveTemplate(template(named: templateName.trimmed), overwrites: overwrites))]
        default:
            if templateName.edit(operation) {
                problem = nil
                canOverwrite = false
            }
            return []
        }
    }

    mutating func take(_ templates: [MessageTemplate], problems: [String]) {
        self.templates = templates
        templateProblems = problems
    }

    mutating func takeSaved(_ name: String, _ error: APIError?) {
        guard mode == .naming, templateName.trimmed == name else { return }
        guard let error else {
            mode = .form
            problem = nil
            note = tr("Saved as the template \(name).")
            return
        }
        problem = error.message
        if error.code == .conflict {
            canOverwrite = true
            problem = tr("\(error.message) Ctrl-T writes over it.")
        }
    }
}
