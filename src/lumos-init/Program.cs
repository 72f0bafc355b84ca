using Lumos.Init;

// One small program, four lives; which one, the words and the PID say.
string[] words = Environment.GetCommandLineArgs();
return words.Length > 1 && words[1] == "--exec"
    ? ExecTrampoline.Run(words.AsSpan(2))
    : InitMain.Run(words);
