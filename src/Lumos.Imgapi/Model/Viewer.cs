namespace Lumos.Imgapi.Model;

/// <summary>
/// Who asks. Without a key: public images that are activated, no matter which account is named, since anybody can name one.
/// With a key and no account: everything. With a key and an account, as a portal asks for its user: public and active ones, active
/// private ones whose list names the account, and the account's own.
/// </summary>
/// <param name="HasKey">The request bore a key of this server.</param>
/// <param name="Account">On whose behalf; null: nobody's.</param>
public sealed record Viewer(bool HasKey, string? Account)
{
    public bool Sees(StoredImage image) =>
        !HasKey ? image.IsPublic && image.IsActivated
        : Account is null || image.Owner == Account
            || (image.State == ImageChanges.Active && (image.IsPublic || image.Acl.Contains(Account)));

    /// <summary>Whether the image may be changed; whoever may not does not learn that it is there unless he sees it.</summary>
    public bool Owns(StoredImage image) => HasKey && (Account is null || image.Owner == Account);
}
