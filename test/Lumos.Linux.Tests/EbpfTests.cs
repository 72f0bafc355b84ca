using System.Buffers.Binary;
using System.Text;
using Lumos.Linux.Ebpf;
using Xunit;

namespace Lumos.Linux.Tests;

public class EbpfTests
{
    [Fact]
    public void Instructions_are_as_the_kernel_reads_them()
    {
        byte[] code = new EbpfProgramText().Move(6, 1).Load(0, 6, 8).JumpUnlessEqual(0, 0, "done").Store(10, -8, 0).Call(36)
            .Label("done").Set(0, 0).Exit().ToBytes();
        Assert.Equal(
            "bf16000000000000 7960080000000000 5500020000000000 7b0af8ff00000000 8500000024000000 b700000000000000 9500000000000000",
            string.Join(' ', code.Chunk(8).Select(Convert.ToHexStringLower)));
    }

    [Fact]
    public void A_function_is_found_among_types_of_every_length()
    {
        // int, array, structure of two members, prototype of one argument, function "go" of it.
        byte[] names = Encoding.ASCII.GetBytes("\0int\0go\0gone\0");
        int[] types =
        [
            1, 1 << 24, 4, 32,
            0, 3 << 24, 0, 1, 1, 4,
            0, (4 << 24) | 2, 8, 0, 1, 0, 0, 1, 32,
            0, (13 << 24) | 1, 1, 0, 1,
            8, 12 << 24, 4, // gone
            5, 12 << 24, 4, // go
        ];
        byte[] btf = new byte[24 + (types.Length * 4) + names.Length];
        int[] header = [0x0001eb9f, 24, 0, types.Length * 4, types.Length * 4, names.Length];
        for (int i = 0; i < header.Length + types.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(btf.AsSpan(i * 4), i < header.Length ? header[i] : types[i - header.Length]);
        }
        names.CopyTo(btf, 24 + (types.Length * 4));

        Assert.Equal(6u, KernelTypes.Function(btf, "go"));
        Assert.Equal(5u, KernelTypes.Function(btf, "gone"));
        Assert.Null(KernelTypes.Function(btf, "g"));
    }

    [Fact]
    [Trait("level", "host")]
    public void The_kernel_names_its_functions() => Assert.NotEqual(0u, KernelTypes.Function("__x64_sys_newuname"));

    [Fact]
    [Trait("level", "host")]
    public void A_map_keeps_what_is_put_in()
    {
        using var map = EbpfMap.Create("lumos_test", 8, 4, 10);
        byte[] key = [1, 2, 3, 4, 5, 6, 7, 8];
        Assert.Null(map.Get(key));
        map.Set(key, [1, 0, 0, 9]);
        map.Set(key, [2, 0, 0, 9]);
        Assert.Equal([2, 0, 0, 9], map.Get(key)!);
        Assert.True(map.Remove(key));
        Assert.False(map.Remove(key));
        Assert.Throws<ArgumentOutOfRangeException>(() => map.Set([1], [1, 2, 3, 4]));
    }
}
