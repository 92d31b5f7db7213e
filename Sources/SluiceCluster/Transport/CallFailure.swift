import Glibc
import NIOCore
import NIOPosix
import SluiceAPI
import SluiceRemoting

/// Why a request has no answer.
struct CallFailure: Error, Sendable {
    var error: APIError
    /// The request had left when it failed: it may have been carried out.
    var isSent: Bool
}

extension CallFailure {
    /// Why a connection could not be made, in words.
    static func reason(_ error: any Error) -> String {
        if let failure = error as? NIOConnectionError {
            if failure.dnsAError != nil || failure.dnsAAAAError != nil, failure.connectionErrors.isEmpty {
                return "the name of the host is not known"
            }
            return failure.connectionErrors.first.map { reason($0.error) } ?? "\(error)"
        }
        if let failure = error as? IOError {
            switch failure.errnoCode {
            case ECONNREFUSED: return "the connection is refused"
            case EHOSTUNREACH, ENETUNREACH: return "there is no way to the host"
            case ECONNRESET, EPIPE: return "the connection was reset"
            default: return String(cString: strerror(failure.errnoCode)).lowercased()
            }
        }
        if case .connectTimeout(let time)? = error as? ChannelError {
            return "no connection within \(time.nanoseconds / 1_000_000) ms"
        }
        return "\(error)"
    }
}

extension APIError {
    /// What a response that is no success means (remoting frame, 12).
    init(_ frame: Frame, of address: String) {
        self.init(code: frame.code, remark: frame.remark, of: address)
    }

    init(code: Int32, remark: String?, of address: String) {
        let said = remark.flatMap { $0.isEmpty ? nil : $0 } ?? "it gives no reason"
        // 4.9 answers 1 where its access control refuses; 5.x answers 16.
        let kind: Code =
            switch code {
            case ResponseCode.systemBusy: .throttled
            case ResponseCode.requestCodeNotSupported: .unavailable
            case ResponseCode.messageIllegal: .tooLarge
            case ResponseCode.serviceNotAvailable: .unavailable
            case ResponseCode.noPermission: .refused
            case ResponseCode.topicNotExist, ResponseCode.queryNotFound, ResponseCode.subscriptionGroupNotExist,
                ResponseCode.consumerNotOnline:
                .notFound
            default: said.contains("AclException") ? .refused : .failed
            }
        self.init(kind, "the broker at \(address) answers with code \(code): \(said)")
    }
}
