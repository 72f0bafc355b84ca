using System.Security.Cryptography;
using System.Text;
using Lumos.Core;
using Lumos.Drivers.Files;

namespace Lumos.Imgapi.Http;

/// <summary>
/// The keys that allow changes: lines of NAME SECRET in a file that only its owner reads; "#" begins a comment. Made with one key
/// of the name admin when it is missing; read again when it has changed, so that keys come and go while the server runs.
/// </summary>
internal sealed class ApiKeys
{
    private const int OwnerOnly = 0x180; // 0600

    private readonly string _path;
    private readonly Lock _lock = new();
    private (DateTime Time, long Size) _read;
    private IReadOnlyList<(string Name, byte[] Hash)> _keys = [];

    private ApiKeys(string path) => _path = path;

    /// <param name="isNew">The file was made.</param>
    public static ApiKeys Open(string path, out bool isNew)
    {
        isNew = !File.Exists(path);
        if (isNew)
        {
            string secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).Replace('+', '-').Replace('/', '_').TrimEnd('=');
            AtomicFile.Write(path, $"# Keys of this image server: NAME SECRET, one a line. Whoever has one may change the images.\nadmin {secret}\n", OwnerOnly);
        }
        var keys = new ApiKeys(path);
        _ = keys.Current();
        return keys;
    }

    /// <summary>The name of the key that the header Authorization bears ("Bearer SECRET", or "Basic" with the secret as the password); null: none.</summary>
    public string? NameOf(string header)
    {
        byte[] given = SHA256.HashData(Encoding.UTF8.GetBytes(SecretOf(header)));
        string? found = null;
        foreach (var (name, hash) in Current())
        {
            // All of them, each in the same time: how long it takes tells nothing of how near a guess was.
            if (CryptographicOperations.FixedTimeEquals(given, hash))
            {
                found = name;
            }
        }
        return found;
    }

    private static string SecretOf(string header)
    {
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return header[7..].Trim();
        }
        if (header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            byte[] text = new byte[header.Length];
            return Convert.TryFromBase64String(header[6..].Trim(), text, out int length) && Encoding.UTF8.GetString(text, 0, length).Split(':', 2) is [_, var secret]
                ? secret
                : "";
        }
        return "";
    }

    private IReadOnlyList<(string Name, byte[] Hash)> Current()
    {
        lock (_lock)
        {
            var file = new FileInfo(_path);
            if (!file.Exists)
            {
                return _keys = []; // taken away: nobody may change anything
            }
            if (_read != (file.LastWriteTimeUtc, file.Length))
            {
                if ((file.UnixFileMode & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                {
                    throw new LumosException("KeysNotPrivate", $"{_path} can be read by others than its owner: chmod 600 {_path}");
                }
                _keys = Parse(File.ReadLines(_path));
                _read = (file.LastWriteTimeUtc, file.Length);
            }
            return _keys;
        }
    }

    private static IReadOnlyList<(string, byte[])> Parse(IEnumerable<string> lines) =>
        [.. lines.Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is [var name, { Length: >= 16 }] && name[0] != '#')
            .Select(words => (words[0], SHA256.HashData(Encoding.UTF8.GetBytes(words[1]))))];
}
