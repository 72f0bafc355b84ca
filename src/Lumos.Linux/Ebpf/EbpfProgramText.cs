using System.Buffers.Binary;

namespace Lumos.Linux.Ebpf;

/// <summary>
/// Writes the machine language of the kernel's eBPF machine (Documentation/bpf/standardization/instruction-set.rst): eleven
/// 64-bit registers, r0 a result, r1 to r5 arguments and lost in a call, r6 to r9 kept, r10 the frame's end. Only what our
/// programs use is here.
/// </summary>
public sealed class EbpfProgramText
{
    private const byte MapFd = 1;

    private readonly List<byte[]> _code = [];
    private readonly Dictionary<string, int> _labels = [];
    private readonly List<(int At, string Label)> _jumps = [];

    /// <summary>to = from.</summary>
    public EbpfProgramText Move(int to, int from) => Add(0xbf, to, from);

    /// <summary>to = a constant.</summary>
    public EbpfProgramText Set(int to, int value) => Add(0xb7, to, 0, immediate: value);

    /// <summary>to += a constant.</summary>
    public EbpfProgramText AddTo(int to, int value) => Add(0x07, to, 0, immediate: value);

    /// <summary>to = the 64 bits at from + offset.</summary>
    public EbpfProgramText Load(int to, int from, short offset) => Add(0x79, to, from, offset);

    /// <summary>The 64 bits at to + offset = from.</summary>
    public EbpfProgramText Store(int to, short offset, int from) => Add(0x7b, to, from, offset);

    /// <summary>to = a map, by its descriptor: two instructions' room.</summary>
    public EbpfProgramText LoadMap(int to, EbpfMap map) => Add(0x18, to, MapFd, immediate: map.Descriptor).Add(0, 0, 0);

    /// <summary>Calls a function of the kernel by its number in enum bpf_func_id.</summary>
    public EbpfProgramText Call(int function) => Add(0x85, 0, 0, immediate: function);

    /// <summary>Jumps if register == value.</summary>
    public EbpfProgramText JumpIfEqual(int register, int value, string label) => Jump(0x15, register, value, label);

    /// <summary>Jumps if register != value.</summary>
    public EbpfProgramText JumpUnlessEqual(int register, int value, string label) => Jump(0x55, register, value, label);

    public EbpfProgramText Exit() => Add(0x95, 0, 0);

    /// <summary>Where jumps to a name go: what is added next.</summary>
    public EbpfProgramText Label(string name)
    {
        _labels.Add(name, _code.Count);
        return this;
    }

    /// <summary>The program as the kernel takes it, eight bytes an instruction.</summary>
    public byte[] ToBytes()
    {
        foreach (var (at, label) in _jumps)
        {
            BinaryPrimitives.WriteInt16LittleEndian(_code[at].AsSpan(2), checked((short)(_labels[label] - at - 1)));
        }
        return [.. _code.SelectMany(instruction => instruction)];
    }

    private EbpfProgramText Jump(byte operation, int register, int value, string label)
    {
        _jumps.Add((_code.Count, label));
        return Add(operation, register, 0, immediate: value);
    }

    private EbpfProgramText Add(byte operation, int to, int from, short offset = 0, int immediate = 0)
    {
        byte[] instruction = new byte[8];
        instruction[0] = operation;
        instruction[1] = (byte)(to | (from << 4));
        BinaryPrimitives.WriteInt16LittleEndian(instruction.AsSpan(2), offset);
        BinaryPrimitives.WriteInt32LittleEndian(instruction.AsSpan(4), immediate);
        _code.Add(instruction);
        return this;
    }
}
