using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Lumos.LiveImage.Stages;

/// <summary>
/// Hashes what a stage depends on into the name its result is kept under. Every item is framed by its length, so that no
/// two lists of inputs run together into the same bytes.
/// </summary>
public sealed class StageKey
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>A word: a version, an option, the key of another stage.</summary>
    public StageKey Add(string text)
    {
        AddBytes(Encoding.UTF8.GetBytes(text));
        return this;
    }

    /// <summary>A file's content (its name too, its time not). A missing file counts as missing.</summary>
    public StageKey AddFile(string path, string name)
    {
        Add(name);
        if (!File.Exists(path))
        {
            return Add("absent");
        }
        Add(((int)File.GetUnixFileMode(path) & 0b001_001_001) != 0 ? "program" : "file");
        AddBytes(SHA256.HashData(File.ReadAllBytes(path)));
        return this;
    }

    /// <summary>All files and links below a folder whose relative path <paramref name="wanted"/> accepts, in order of name.</summary>
    public StageKey AddTree(string root, Func<string, bool>? wanted = null)
    {
        foreach (string relative in FilesBelow(root, wanted))
        {
            string path = Path.Combine(root, relative);
            if (new FileInfo(path).LinkTarget is { } target)
            {
                Add(relative).Add("link").Add(target);
            }
            else
            {
                AddFile(path, relative);
            }
        }
        return this;
    }

    /// <summary>The key: 32 hexadecimal digits. The object is used up.</summary>
    public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset())[..32];

    /// <summary>Relative paths of the files and links below a folder, sorted by their bytes; an absent folder has none.</summary>
    public static IEnumerable<string> FilesBelow(string root, Func<string, bool>? wanted = null)
    {
        if (!Directory.Exists(root))
        {
            return [];
        }
        var found = new List<string>();
        Walk(root, "", wanted ?? (_ => true), found);
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    private static void Walk(string root, string relative, Func<string, bool> wanted, List<string> found)
    {
        foreach (var entry in new DirectoryInfo(Path.Combine(root, relative)).EnumerateFileSystemInfos())
        {
            string path = relative.Length == 0 ? entry.Name : relative + "/" + entry.Name;
            bool folder = entry is DirectoryInfo && entry.LinkTarget is null;
            if (!wanted(folder ? path + "/" : path))
            {
                continue;
            }
            if (folder)
            {
                Walk(root, path, wanted, found);
            }
            else
            {
                found.Add(path);
            }
        }
    }

    private void AddBytes(byte[] bytes)
    {
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, bytes.LongLength);
        _hash.AppendData(length);
        _hash.AppendData(bytes);
    }
}
