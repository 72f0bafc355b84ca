using Lumos.Core;
using Lumos.Images.Archives;
using Xunit;

namespace Lumos.Images.Tests.Archives;

/// <summary>A root to unpack into, beside it what nothing may touch.</summary>
internal sealed class UnpackFolder : IDisposable
{
    private readonly TestFolder _folder = new();

    public UnpackFolder()
    {
        Root = _folder.Make("root");
        Directory.CreateDirectory(_folder["outside"]);
        File.WriteAllText(Outside, "untouched");
        _before = Listing();
    }

    private readonly string _before;

    public string Root { get; }

    /// <summary>A file beside the root: root/../outside/file.</summary>
    public string Outside => _folder["outside/file"];

    public string this[string path] => Path.Combine(Root, path);

    public UnpackFacts Unpack(byte[] archive, bool layer = false, ArchiveLimits? limits = null, long? packed = null)
    {
        using var stream = new MemoryStream(archive);
        return TarUnpacker.Unpack(stream, "test.tar", Root, new UnpackOptions { IsLayer = layer, Limits = limits ?? new(), PackedBytes = packed });
    }

    /// <summary>Unpacks what has to be refused: with a message that names the entry, and nothing left behind.</summary>
    public LumosException Refused(byte[] archive, string entry, string why, bool layer = false, ArchiveLimits? limits = null, long? packed = null, string code = "ArchiveRefused")
    {
        var error = Assert.Throws<LumosException>(() => Unpack(archive, layer, limits, packed));
        Assert.Equal(code, error.Code);
        Assert.Contains(entry, error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        AssertOutside();
        if (!layer)
        {
            Assert.Empty(Directory.GetFileSystemEntries(Root));
        }
        return error;
    }

    public void AssertOutside()
    {
        Assert.Equal("untouched", File.ReadAllText(Outside));
        Assert.Equal(_before, Listing());
    }

    public string Read(string path) => File.ReadAllText(this[path]);

    public string[] Names(string path = "") => [.. Directory.GetFileSystemEntries(this[path]).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Dispose();

    /// <summary>All there is beside the root.</summary>
    private string Listing() =>
        string.Join('\n', Directory.GetFileSystemEntries(_folder.Path).Concat(Directory.GetFileSystemEntries(_folder["outside"])).Order(StringComparer.Ordinal));
}
