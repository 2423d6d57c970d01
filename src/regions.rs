//! Where AWS CodeCommit exists: the table of regions, their hosts and the fingerprints of their SSH servers.
//!
//! Source: "AWS Regions and Git connection endpoints for AWS CodeCommit" (CodeCommit user guide), 2026.

use serde::{Deserialize, Serialize};

/// A partition: a separate set of AWS regions with accounts and host names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Partition {
    /// The commercial regions, `aws`.
    #[serde(rename = "aws")]
    Aws,
    /// China, `aws-cn`.
    #[serde(rename = "aws-cn")]
    China,
    /// `GovCloud`, `aws-us-gov`.
    #[serde(rename = "aws-us-gov")]
    GovCloud,
}

impl Partition {
    /// The partition of a region, decided by the region's name as the AWS SDKs do.
    #[must_use]
    pub fn of(region: &str) -> Self {
        match region.split('-').next() {
            Some("cn") => Self::China,
            Some("us") if region.starts_with("us-gov-") => Self::GovCloud,
            _ => Self::Aws,
        }
    }

    /// The name used in ARNs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
        }
    }

    /// The end of every AWS host name in this partition.
    #[must_use]
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::China => "amazonaws.com.cn",
            Self::Aws | Self::GovCloud => "amazonaws.com",
        }
    }

    /// The region in which the partition's one IAM service runs.
    #[must_use]
    pub fn iam_region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::China => "cn-north-1",
            Self::GovCloud => "us-gov-west-1",
        }
    }
}

/// A region that has CodeCommit.
#[derive(Debug)]
pub struct Region {
    /// The region's code, such as `us-east-2`.
    pub name: &'static str,
    /// Whether the Git endpoint has a FIPS host here (HTTPS only; there is none for SSH).
    pub fips: bool,
    /// MD5 fingerprint of the SSH host key, 16 bytes in hexadecimal.
    pub ssh_md5: &'static str,
    /// SHA-256 fingerprint of the SSH host key in base64; `None` where the published one is malformed (us-gov-east-1).
    pub ssh_sha256: Option<&'static str>,
}

const fn region(name: &'static str, fips: bool, ssh_md5: &'static str, ssh_sha256: Option<&'static str>) -> Region {
    Region { name, fips, ssh_md5, ssh_sha256 }
}

/// The 29 regions with CodeCommit, by name.
#[rustfmt::skip]
pub static REGIONS: [Region; 29] = [
    region("af-south-1", false, "21:a0:ba:d7:c1:d1:b5:39:98:8d:4d:7c:96:f5:ca:29", Some("C34ji3x/cnsDZjUpyNGXdE5pjHYimqJrQZ3leTgqJHM")),
    region("ap-east-1", false, "a8:00:3d:24:52:9d:61:0e:f6:e3:88:c8:96:01:1c:fe", Some("LafadYwUYW8hONoTRpojbjNs9IRnbEwHtezD3aAIBX0")),
    region("ap-northeast-1", false, "8e:a3:f0:80:98:48:1c:5c:6f:59:db:a7:8f:6e:c6:cb", Some("Xk/WeYD/K/bnBybzhiuu4dWpBJtXPf7E30jHU7se4Ow")),
    region("ap-northeast-2", false, "9f:68:48:9b:5f:fc:96:69:39:45:58:87:95:b3:69:ed", Some("eegAPQrWY9YsYo9ZHIKOmxetfXBHzAZd8Eya53Qcwko")),
    region("ap-northeast-3", false, "25:17:40:da:b9:d4:18:c3:b6:b3:fb:ed:1c:20:fe:29", Some("2B815B9F0AvwLnRxSVxUz4kDYmtEQUGGdQYP8OQLXhA")),
    region("ap-south-1", false, "da:41:1e:07:3b:9e:76:a0:c5:1e:64:88:03:69:86:21", Some("hUKwnTj7+Xpx4Kddb6p45j4RazIJ4IhAMD8k29itOfE")),
    region("ap-south-2", false, "bc:cc:9f:15:f8:f3:58:a2:68:65:21:e2:23:71:8d:ce", Some("Xe0CyZEOvgR5Xa2YUGqf+jn8/Ut7l7nX/CmslSFNEig")),
    region("ap-southeast-1", false, "65:e5:27:c3:09:68:0d:8e:b7:6d:94:25:80:3e:93:cf", Some("ZIsVa7OVzxrTIf+Rk4UbhPv6Es22mSB3uTBojfPXIno")),
    region("ap-southeast-2", false, "7b:d2:c1:24:e6:91:a5:7b:fa:c1:0c:35:95:87:da:a0", Some("nYp+gHas80HY3DqbP4yanCDFhqDVjseefVbHEXqH2Ec")),
    region("ap-southeast-3", false, "64:d9:e0:53:19:4f:a8:91:9a:c3:53:22:a6:a8:ed:a6", Some("ATdkGSFhpqIu7RqUVT/1RZo6MLxxxUW9NoDVMbAc/6g")),
    region("ca-central-1", true, "9f:7c:a2:2f:8c:b5:74:fd:ab:b7:e1:fd:af:46:ed:23", Some("Qz5puafQdANVprLlj6r0Qyh4lCNsF6ob61dGcPtFS7w")),
    region("cn-north-1", false, "11:7e:2d:74:9e:3b:94:a2:69:14:75:6f:5e:22:3b:b3", Some("IYUXxH2OpTDsyYMLIp+JY8CTLS4UX+ZC5JVZXPRaxc8")),
    region("cn-northwest-1", false, "2e:a7:fb:4c:33:ac:6c:f9:aa:f2:bc:fb:0a:7b:1e:b6", Some("wqjd6eHd0+mOBx+dCNuL0omUoCNjaDtZiEpWj5TmCfQ")),
    region("eu-central-1", false, "74:5a:e8:02:fc:b2:9c:06:10:b4:78:84:65:94:22:2d", Some("MwGrkiEki8QkkBtlAgXbYt0hoZYBnZF62VY5RzGJEUY")),
    region("eu-north-1", false, "8e:53:d8:59:35:88:82:fd:73:4b:60:8a:50:70:38:f4", Some("b6KSK7xKq+V8jl7iuAcjqXsG7zkqoUZZmmhYYFBq1wQ")),
    region("eu-south-1", false, "b9:f6:5d:e2:48:92:3f:a9:37:1e:c4:d0:32:0e:fb:11", Some("lyXrWbCg3uQmJrl1XxB/ASR7ugW1Ysf5yzYOJbudHsI")),
    region("eu-west-1", false, "93:42:36:ea:22:1f:f1:0f:20:02:4a:79:ff:ea:12:1d", Some("tKjRkOL8dmJyTmSbeSdN1S8F/f0iql3RlvqgTOP1UyQ")),
    region("eu-west-2", false, "a5:65:a6:b1:84:02:b1:95:43:f9:0e:de:dd:ed:61:d3", Some("r0Rwz5k/IHp/QyrRnfiM9j02D5UEqMbtFNTuDG2hNbs")),
    region("eu-west-3", false, "1b:7f:97:dd:d7:76:8a:32:2c:bd:2c:7b:33:74:6a:76", Some("uw7c2FL564jVoFgtc+ikzILnKBsZz7t9+CFdSJjKbLI")),
    region("il-central-1", false, "04:74:89:16:98:7a:61:b1:69:46:42:3c:d1:b4:ac:a9", Some("uFxhp51kUWhleTLeYbxQVYm4RnNLNZ5Dbdm1cgdSl/8")),
    region("me-central-1", false, "bd:fa:e2:f9:05:84:d6:39:6f:bc:d6:8d:fe:de:61:76", Some("grceUDWubo4MzG1NoaKZKUfrgPvfN3ijliOnQr1lTZA")),
    region("me-south-1", false, "0e:39:28:56:d5:41:e6:8d:fa:81:45:37:fb:f3:cd:f7", Some("O+NToCGgjrHekiBuOl0ad7ROGEsz+DBLXOd/c9wc0JU")),
    region("sa-east-1", false, "74:99:9d:ff:2b:ef:63:c6:4b:b4:6a:7f:62:c5:4b:51", Some("kW+VKB0jpRaG/ZbXkgbtMQbKgEDK7JnISV3SVoyCmzU")),
    region("us-east-1", true, "a6:9c:7d:bc:35:f5:d4:5f:8b:ba:6f:c8:bc:d4:83:84", Some("eLMY1j0DKA4uvDZcl/KgtIayZANwX6t8+8isPtotBoY")),
    region("us-east-2", true, "a9:6d:03:ed:08:42:21:be:06:e1:e0:2a:d1:75:31:5e", Some("3lBlW2g5xn/NA2Ck6dyeJIrQOWvn7n8UEs56fG6ZIzQ")),
    region("us-gov-east-1", true, "00:8d:b5:55:6f:05:78:05:ed:ea:cb:3f:e6:f0:62:f2", None),
    region("us-gov-west-1", true, "9f:6c:19:3b:88:cd:e8:88:1b:9c:98:6a:95:31:8a:69", Some("djXQoSIFcg8vHe0KVH1xW/gOF9X37tWTqu4Hkng75x4")),
    region("us-west-1", true, "3b:76:18:83:13:2c:f8:eb:e9:a3:d0:51:10:32:e7:d1", Some("gzauWTWXDK2u5KuMMi5vbKTmfyerdIwgSbzYBODLpzg")),
    region("us-west-2", true, "a8:68:53:e3:99:ac:6e:d7:04:7e:f7:92:95:77:a9:77", Some("0pJx9SQpkbPUAHwy58UVIq0IHcyo1fwCpOOuVgcAWPo")),
];

/// The table's entry for a region.
#[must_use]
pub fn lookup(name: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|region| region.name == name)
}

/// The region whose name is most like this one, when it is near enough to be a slip of the keyboard.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let distance = |region: &&Region| strsim::damerau_levenshtein(region.name, &name);
    REGIONS.iter().min_by_key(distance).filter(|region| distance(region) <= 2).map(|region| region.name)
}

/// The host of the Git endpoint in a region, such as `git-codecommit.us-east-2.amazonaws.com`.
#[must_use]
pub fn git_host(region: &str) -> String {
    format!("git-codecommit.{region}.{}", Partition::of(region).dns_suffix())
}

/// The pattern for `credential.<url>.*` that covers the Git hosts of a region's partition: `*` is one DNS label.
#[must_use]
pub fn credential_pattern(host: &str) -> String {
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        [service @ ("git-codecommit" | "git-codecommit-fips"), _, rest @ ..] => {
            format!("https://{service}.*.{}", rest.join("."))
        }
        _ => format!("https://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_fingerprints_are_well_formed() {
        assert!(REGIONS.is_sorted_by_key(|region| region.name));
        for region in &REGIONS {
            assert_eq!(region.ssh_md5.split(':').count(), 16, "{}", region.name);
            let sha256 = region.ssh_sha256.map(str::len);
            assert_eq!(sha256, (region.name != "us-gov-east-1").then_some(43), "{}", region.name);
        }
        assert_eq!(REGIONS.iter().filter(|region| region.fips).count(), 7);
    }

    #[test]
    fn hosts_follow_the_partition() {
        assert_eq!(git_host("us-east-2"), "git-codecommit.us-east-2.amazonaws.com");
        assert_eq!(git_host("cn-north-1"), "git-codecommit.cn-north-1.amazonaws.com.cn");
        assert_eq!(Partition::of("us-gov-west-1").name(), "aws-us-gov");
    }

    #[test]
    fn a_slip_of_the_keyboard_finds_its_region() {
        assert_eq!(nearest("us-eats-1"), Some("us-east-1"));
        assert_eq!(nearest("eu-centrall-1"), Some("eu-central-1"));
        assert_eq!(nearest("mars-north-1"), None);
    }

    #[test]
    fn patterns_cover_one_kind_of_host() {
        assert_eq!(
            credential_pattern("git-codecommit.us-east-2.amazonaws.com"),
            "https://git-codecommit.*.amazonaws.com"
        );
        assert_eq!(
            credential_pattern("git-codecommit.cn-north-1.amazonaws.com.cn"),
            "https://git-codecommit.*.amazonaws.com.cn"
        );
        assert_eq!(
            credential_pattern("vpce-1.git-codecommit.us-east-1.vpce.amazonaws.com"),
            "https://vpce-1.git-codecommit.us-east-1.vpce.amazonaws.com"
        );
    }
}
