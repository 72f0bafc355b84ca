using System.Runtime.InteropServices;
using System.Text;

namespace Lumos.Linux.Spawn;

/// <summary>C strings that live until the call they are for is over.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly List<nint> _blocks = [];

    internal byte* Add(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        byte* block = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
        _blocks.Add((nint)block);
        bytes.CopyTo(new Span<byte>(block, bytes.Length));
        block[bytes.Length] = 0;
        return block;
    }

    internal byte** AddArray(IEnumerable<string> texts)
    {
        var list = texts.ToList();
        byte** array = (byte**)NativeMemory.Alloc((nuint)(list.Count + 1), (nuint)sizeof(byte*));
        _blocks.Add((nint)array);
        for (int i = 0; i < list.Count; i++)
        {
            array[i] = Add(list[i]);
        }
        array[list.Count] = null;
        return array;
    }

    public void Dispose()
    {
        foreach (nint block in _blocks)
        {
            NativeMemory.Free((void*)block);
        }
    }
}
