using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Xunit;

namespace Lumos.Linux.Tests;

[Trait("level", "host")]
public sealed class OwnerRangeTests : IDisposable
{
    private const uint First = 65536 * 7, Count = 65536;

    private readonly string _root = Directory.CreateTempSubdirectory("lumos-owners-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_tree_comes_into_a_range_whatever_range_it_was_of()
    {
        Directory.CreateDirectory(At("a/b"));
        Make("a/b/old", 65536 * 3 + 1000, 65536 * 3 + 27);
        Make("a/machine", 0, 5);
        Make("own", First + 4, First + 4);
        File.CreateSymbolicLink(At("a/out"), "/etc/passwd");
        var outside = FileStatus.Of("/etc/passwd");

        Assert.Equal(6, OwnerRange.Give(_root, First, Count)); // all but "own"
        Assert.Equal((First, First), Owner(""));
        Assert.Equal((First, First), Owner("a/b"));
        Assert.Equal((First + 1000, First + 27), Owner("a/b/old"));
        Assert.Equal((First, First + 5), Owner("a/machine"));
        Assert.Equal((First + 4, First + 4), Owner("own"));
        Assert.Equal((First, First), Owner("a/out"));
        Assert.Equal(outside, FileStatus.Of("/etc/passwd"));
        Assert.Equal(0, OwnerRange.Give(_root, First, Count));
    }

    [Fact]
    public void Set_id_bits_stay_and_a_deep_tree_is_gone_through()
    {
        Make("su", 65536, 65536);
        File.SetUnixFileMode(At("su"), (UnixFileMode)0b110_111_101_101);
        using (var top = HeldDirectory.Open(_root))
        {
            HeldDirectory at = top;
            for (int i = 0; i < 600; i++)
            {
                at.MakeDirectory("deep"u8, 0x1ed);
                var next = at.OpenDirectory("deep"u8);
                if (at != top)
                {
                    at.Dispose();
                }
                at = next;
            }
            at.Dispose();
        }
        Assert.Equal(602, OwnerRange.Give(_root, First, Count));
        Assert.Equal((UnixFileMode)0b110_111_101_101, File.GetUnixFileMode(At("su")));
        Assert.Equal((First, First), Owner(string.Join('/', Enumerable.Repeat("deep", 300))));
        using var again = HeldDirectory.Open(_root);
        again.RemoveContent(); // deeper than a path may be long
    }

    private string At(string path) => Path.Combine(_root, path);

    private void Make(string path, uint user, uint group)
    {
        using var file = FileDescriptorIo.Open(At(path), OpenFlags.WriteOnly | OpenFlags.Create, 0x1a4);
        file.SetOwner(user, group);
    }

    private (uint, uint) Owner(string path) => FileStatus.Of(At(path)) is var s ? (s.User, s.Group) : default;
}
