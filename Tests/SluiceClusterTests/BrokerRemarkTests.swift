import SluiceAPI
import SluiceRemoting
import Testing

@testable import SluiceCluster

/// Remarks as a 4.9.8 broker sent them.
@Suite struct BrokerRemarkTests {
    private static func denied(_ said: String) -> String {
        "org.apache.rocketmq.acl.common.AclException: \(said), org.apache.rocketmq.acl.plain.PlainPermissionManager"
            + ".validate(PlainPermissionManager.java:684)"
    }

    @Test(arguments: [
        ("Check signature failed for accessKey=admin1", "the secret key given for access key admin1 is wrong"),
        ("No acl config for nobody", "it has no account for access key nobody"),
        ("No default permission for topic:Other", "No default permission for topic:Other"),
    ])
    func aDenialSaysWhatIsWrong(said: String, expected: String) {
        for error in [
            APIError(code: ResponseCode.systemError, remark: Self.denied(said), of: "h:1"),
            StockBroker.error(
                Frame(code: ResponseCode.systemError, flag: 1, remark: Self.denied(said)), of: 21, by: "broker b"),
        ] {
            #expect(error.code == .refused)
            #expect(error.message.hasSuffix("denies access: \(expected)"))
        }
    }

    @Test func missingKeysAreAskedFor() {
        let remark = BrokerRemark(Self.denied("No accessKey is configured"))
        #expect(remark.isDenial && remark.text.contains("SLUICE_ACCESS_KEY") && !remark.text.contains("org.apache"))
    }

    @Test func whatIsNoDenialKeepsItsWords() {
        let error = APIError(code: ResponseCode.systemError, remark: "the broker's disk is full\nat x", of: "h:1")
        #expect(error.code == .failed && error.message.hasSuffix("with code 1: the broker's disk is full"))
        #expect(BrokerRemark(nil).text == "it gives no reason")
        #expect(BrokerRemark("java.lang.NullPointerException").text == "java.lang.NullPointerException")
    }
}
