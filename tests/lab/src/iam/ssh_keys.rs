//! The SSH public keys of IAM users.

use super::{denied, envelope, named_user};
use crate::api::{Caller, Form, Refusal, field};
use crate::ssh;
use crate::world::{SshKey, World};

fn status(key: &SshKey) -> &'static str {
    if key.active { "Active" } else { "Inactive" }
}

/// `ListSSHPublicKeys`.
pub(super) fn list(form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let user = named_user("iam:ListSSHPublicKeys", form, caller, world)?;
    let members = user.ssh_keys.iter().fold(String::new(), |members, key| {
        format!(
            "{members}<member><UserName>{}</UserName><SSHPublicKeyId>{}</SSHPublicKeyId><Status>{}</Status><UploadDate>2026-01-01T00:00:00Z</UploadDate></member>",
            user.name,
            key.id,
            status(key)
        )
    });
    let body = format!("<IsTruncated>false</IsTruncated><SSHPublicKeys>{members}</SSHPublicKeys>");
    Ok(envelope("ListSSHPublicKeys", &body))
}

/// `GetSSHPublicKey`.
pub(super) fn get(form: &Form, caller: &Caller, world: &World) -> Result<String, Refusal> {
    let user = named_user("iam:GetSSHPublicKey", form, caller, world)?;
    let id = field(form, "SSHPublicKeyId").unwrap_or_default();
    let key =
        user.ssh_keys.iter().find(|key| key.id == id).ok_or_else(|| {
            Refusal::new(404, "NoSuchEntity", format!("The Public Key with id {id} cannot be found."))
        })?;
    let body = ssh::public(&key.key).map_err(|error| denied(format!("{error:#}")))?;
    let body = format!(
        "<SSHPublicKey><UserName>{}</UserName><SSHPublicKeyId>{id}</SSHPublicKeyId><Fingerprint>00:00</Fingerprint><SSHPublicKeyBody>{body}</SSHPublicKeyBody><Status>{}</Status><UploadDate>2026-01-01T00:00:00Z</UploadDate></SSHPublicKey>",
        user.name,
        status(key)
    );
    Ok(envelope("GetSSHPublicKey", &body))
}
