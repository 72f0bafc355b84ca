using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const long SYS_bpf = 321;

    internal const int BPF_MAP_CREATE = 0, BPF_MAP_LOOKUP_ELEM = 1, BPF_MAP_UPDATE_ELEM = 2, BPF_MAP_DELETE_ELEM = 3, BPF_PROG_LOAD = 5,
        BPF_OBJ_PIN = 6, BPF_OBJ_GET = 7, BPF_LINK_CREATE = 28;

    internal const uint BPF_MAP_TYPE_HASH = 1, BPF_PROG_TYPE_TRACING = 26, BPF_TRACE_FEXIT = 25;

    /// <summary>
    /// The union of all commands' arguments, as far as we use it; a command reads its own part. What C has in a named structure
    /// (link_create) bears both names here. The kernel takes any length that holds the command's part.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    internal struct bpf_attr
    {
        // BPF_MAP_CREATE
        [FieldOffset(0)] internal uint map_type;
        [FieldOffset(4)] internal uint key_size;
        [FieldOffset(8)] internal uint value_size;
        [FieldOffset(12)] internal uint max_entries;
        [FieldOffset(16)] internal uint map_flags;
        [FieldOffset(28)] internal fixed byte map_name[16];

        // BPF_MAP_*_ELEM
        [FieldOffset(0)] internal uint map_fd;
        [FieldOffset(8)] internal ulong key;
        [FieldOffset(16)] internal ulong value;
        [FieldOffset(24)] internal ulong flags;

        // BPF_PROG_LOAD
        [FieldOffset(0)] internal uint prog_type;
        [FieldOffset(4)] internal uint insn_cnt;
        [FieldOffset(8)] internal ulong insns;
        [FieldOffset(16)] internal ulong license;
        [FieldOffset(24)] internal uint log_level;
        [FieldOffset(28)] internal uint log_size;
        [FieldOffset(32)] internal ulong log_buf;
        [FieldOffset(48)] internal fixed byte prog_name[16];
        [FieldOffset(68)] internal uint expected_attach_type;
        [FieldOffset(108)] internal uint attach_btf_id;

        // BPF_LINK_CREATE
        [FieldOffset(0)] internal uint link_create_prog_fd;
        [FieldOffset(8)] internal uint link_create_attach_type;

        // BPF_OBJ_*
        [FieldOffset(0)] internal ulong pathname;
        [FieldOffset(8)] internal uint bpf_fd;
    }

    internal static long bpf(int command, bpf_attr* attributes) =>
        syscall(SYS_bpf, command, (long)attributes, sizeof(bpf_attr), 0, 0);
}
