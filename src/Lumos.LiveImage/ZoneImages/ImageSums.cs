using System.Security.Cryptography;

namespace Lumos.LiveImage.ZoneImages;

/// <summary>
/// The signed list of what lies in a folder of images: SHA256SUMS, and SHA256SUMS.sig by OpenSSH (ssh-keygen(1), -Y sign) with a key of
/// whoever builds, <c>$XDG_CONFIG_HOME/lumos/image-key</c>, made when it is first needed. SHA256SUMS.signers is what a reader
/// checks against, once it has come by a way that is trusted: <c>ssh-keygen -Y verify -f SHA256SUMS.signers -I lumos-images -n
/// lumos-images -s SHA256SUMS.sig &lt; SHA256SUMS</c>.
/// </summary>
internal static class ImageSums
{
    internal const string Name = "SHA256SUMS";

    /// <summary>Who signs, and for what, in the words of ssh-keygen.</summary>
    private const string Identity = "lumos-images";

    internal static void Write(BuildLog log, string folder) => Write(log, folder, Configuration());

    /// <param name="configuration">Where the builder's key is, or is to be.</param>
    internal static void Write(BuildLog log, string folder, string configuration)
    {
        string sums = Path.Combine(folder, Name), key = Key(log, configuration);
        string text = string.Concat(Directory.EnumerateFiles(folder)
            .Where(f => !Path.GetFileName(f).StartsWith(Name, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(f => $"{HashOf(f)}  {Path.GetFileName(f)}\n"));
        string signers = $"{Identity} {File.ReadAllText(key + ".pub").Trim()}\n";
        if (Holds(sums, text) && Holds(sums + ".signers", signers) && File.Exists(sums + ".sig"))
        {
            return;
        }
        File.Delete(sums + ".sig"); // never a signature beside a list that it is not of
        File.WriteAllText(sums, text);
        File.WriteAllText(sums + ".signers", signers);
        log.Run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", Identity, sums]);
    }

    private static bool Holds(string file, string text) => File.Exists(file) && File.ReadAllText(file) == text;

    private static string Configuration()
    {
        string? home = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME");
        return Path.Combine(
            string.IsNullOrEmpty(home) ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config") : home, "lumos");
    }

    private static string Key(BuildLog log, string folder)
    {
        string key = Path.Combine(folder, "image-key");
        if (!File.Exists(key))
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            log.Run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", Identity, "-f", key]);
        }
        return key;
    }

    private static string HashOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
